"""The runs of one side, read from folders."""

import json
from pathlib import Path

import pytest

from loadtest.compare.folders import read_runs
from loadtest.record.record import BadRecord

from ..records import record


def written(folder: Path, run: str) -> Path:
    folder.mkdir(parents=True)
    file = folder / "run.json"
    file.write_text(json.dumps(record(run=run).as_json()))
    return file


def test_a_run_is_read_from_its_file_its_folder_and_the_folder_of_its_repeats(
    tmp_path: Path,
) -> None:
    file = written(tmp_path / "A" / "one", "r1")
    written(tmp_path / "A" / "two", "r2")
    assert [each.run for each in read_runs(file)] == ["r1"]
    assert [each.run for each in read_runs(file.parent)] == ["r1"]
    assert [each.run for each in read_runs(tmp_path / "A")] == ["r1", "r2"]


def test_what_has_no_run_in_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadRecord, match=r"there is no run\.json"):
        read_runs(tmp_path)
    with pytest.raises(BadRecord, match=r"there is no run\.json"):
        read_runs(tmp_path / "nowhere")


def test_a_damaged_run_is_refused_by_name(tmp_path: Path) -> None:
    file = written(tmp_path / "A", "r1")
    file.write_text("{")
    with pytest.raises(BadRecord, match=r"run\.json"):
        read_runs(tmp_path / "A")
