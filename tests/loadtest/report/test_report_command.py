"""`loadtest report` as it is typed."""

import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from loadtest.__main__ import main
from loadtest.record.figures import CATALOGUE
from loadtest.record.folder import RECORD, write

from .example import failed

Report = Callable[..., tuple[int | str | None, str, str]]


@pytest.fixture
def report(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Report:
    """Run the command; gives exit code, standard output and standard error."""

    def run(*arguments: str | Path) -> tuple[int | str | None, str, str]:
        monkeypatch.setattr(sys, "argv", ["loadtest", "report", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code, *capsys.readouterr()

    return run


def test_a_run_is_shown_again_and_a_failed_one_is_no_failure_to_show_it(
    report: Report, tmp_path: Path
) -> None:
    folder = write(failed(), tmp_path)
    code, output, _ = report(folder)
    assert code == 0
    assert failed().reasons[0] in output
    assert report(folder / RECORD) == (0, output, "")


def test_what_is_kept_beside_a_record_can_be_made_again(report: Report, tmp_path: Path) -> None:
    folder = write(failed(), tmp_path)
    kept = {file: file.read_text() for file in folder.iterdir()}
    page, xml = folder / "report.html", folder / "junit.xml"
    page.unlink()
    assert report(folder, "--html", page, "--junit", xml) == (0, "", "")
    assert {file: file.read_text() for file in folder.iterdir()} == kept
    assert ET.parse(xml).getroot().tag == "testsuites"


def test_markdown_goes_to_standard_output_alone(report: Report, tmp_path: Path) -> None:
    folder = write(failed(), tmp_path)
    assert report(folder, "--markdown") == (0, (folder / "report.md").read_text(), "")


def test_all_figures_are_listed_with_unit_and_meaning(report: Report) -> None:
    code, output, _ = report("--figures")
    assert code == 0
    lines = {line.split()[0]: line for line in output.splitlines() if line.startswith("  ")}
    assert CATALOGUE.keys() | {"errors.CODE", "closes.CODE"} <= lines.keys()
    assert " ms  " in lines["comment.p99_ms"]
    assert "lower is better" in lines["comment.p99_ms"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((), "report needs a run"),
        (("nowhere",), "there is no nowhere"),
        ((".",), "has no run.json"),
    ],
)
def test_what_is_no_run_is_wrong_usage(
    report: Report,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    complaint: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    code, output, errors = report(*arguments)
    assert (code, output) == (2, "")
    assert complaint in errors


def test_a_file_that_cannot_be_written_is_said_so(report: Report, tmp_path: Path) -> None:
    code, _, errors = report(write(failed(), tmp_path), "--html", tmp_path / "no" / "page.html")
    assert code == 2
    assert "page.html cannot be written: No such file or directory" in errors
