"""Statements at the command line and on paper: what may be asked, and how it is written down."""

import csv
import io
import json
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from signal import SIGKILL
from typing import Any

import msgspec
import pytest

from livesrv.__main__ import main
from livesrv.api import statements as api
from livesrv.api.statements import Reader, Run
from livesrv.ledger.statement import Balance, StatementLine
from livesrv.ledger.store import Unavailable
from livesrv.ledger.take import TakeLine
from livesrv.refusal import Refused
from livesrv.statement_formats import (
    STATEMENT_FORMATS,
    TAKE_FORMATS,
    StatementView,
    TakeView,
)
from livesrv.statements import Period, accounts_of, is_own, iso, moment_ms, period
from protocol.codes import ErrorCode

from .waiting import until

NOW_MS = moment_ms("2026-11-22T09:00:00Z")
NOVEMBER = Period(moment_ms("2026-11-01"), moment_ms("2026-12-01"))
LINE = StatementLine(
    at_ms=NOW_MS,
    place=7,
    account="pending:@platform",
    kind="commission",
    reference="order:o1",
    room="-2-3",
    note='peach x 2, plum x 1; "rest"',
    currency="CNY",
    amount_minor=-1_234,
    balance_minor=1_000_000,
    sale_place=3,
)


def written(name: str, *lines: StatementLine, following: int | None = None) -> str:
    told, standing = STATEMENT_FORMATS[name](), [Balance("pending:@platform", "CNY", -5)]
    pieces = [told.head("@platform", NOVEMBER, standing)]
    pieces += [told.line(line) for line in lines]
    return "".join([*pieces, told.tail(standing, following)])


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.mark.parametrize(
    ("name", "accounts"),
    [
        ("mei", ("pending:mei", "available:mei", "wallet:mei")),
        ("@tax", ("pending:@tax", "available:@tax", "wallet:@tax")),
        ("wallet:lan", ("wallet:lan",)),
        ("pending:@platform", ("pending:@platform",)),
        ("quota:r:peach:lan", ("quota:r:peach:lan",)),
        ("paid_out", ("pending:paid_out", "available:paid_out", "wallet:paid_out")),
        (":paid_out", ("paid_out",)),
    ],
)
def test_a_name_without_a_colon_is_a_party_and_with_one_an_account(
    name: str, accounts: tuple[str, ...]
) -> None:
    assert accounts_of(name) == accounts


@pytest.mark.parametrize("name", ["", "@", ":", "a b", "a*", "a:", "@a:b", "::a", "a\n", "x" * 65])
def test_what_is_no_name_is_told_with_what_would_be_one(name: str) -> None:
    with pytest.raises(ValueError, match="must be a party like mei or @platform, or an account"):
        accounts_of(name)


def test_ones_own_are_ones_party_and_its_accounts() -> None:
    assert all(is_own(name, "lan") for name in ("lan", "wallet:lan", "pending:lan"))
    assert not any(is_own(name, "lan") for name in ("mo", "wallet:mo", "wallet:lan:mo", "@lan"))


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ((None, None), ("2026-11-01T00:00:00.000Z", "2026-12-01T00:00:00.000Z")),
        (("2026-10-02", None), ("2026-10-02T00:00:00.000Z", "2026-12-01T00:00:00.000Z")),
        (
            ("2026-11-01T08:30:00+08:00", "2026-11-01T01:00:00.5"),
            ("2026-11-01T00:30:00.000Z", "2026-11-01T01:00:00.500Z"),
        ),
    ],
)
def test_a_period_is_in_utc_and_this_month_unless_it_says_otherwise(
    asked: tuple[str | None, str | None], found: tuple[str, str]
) -> None:
    assert tuple(map(iso, period(*asked, NOW_MS))) == found


def test_this_month_ends_where_the_next_begins_in_december_too() -> None:
    found = period(None, None, moment_ms("2026-12-31T23:59:59.999"))
    assert tuple(map(iso, found)) == ("2026-12-01T00:00:00.000Z", "2027-01-01T00:00:00.000Z")


def test_csv_keeps_every_cell_and_gives_spreadsheets_no_formula() -> None:
    text = written("csv", LINE)
    assert text.count("\r\n") == text.count("\n") == 4
    opening, line, closing = rows(text)
    assert (opening["kind"], closing["kind"]) == ("opening", "closing")
    assert (opening["balance_minor"], opening["amount_minor"]) == ("-5", "")
    assert line == {
        "at": "2026-11-22T09:00:00.000Z",
        "place": "7",
        "account": "pending:@platform",
        "kind": "commission",
        "reference": "order:o1",
        "room": "'-2-3",
        "note": 'peach x 2, plum x 1; "rest"',
        "currency": "CNY",
        "amount_minor": "-1234",
        "balance_minor": "1000000",
        "sale_place": "3",
    }


def test_json_is_the_described_view_for_any_number_of_lines() -> None:
    for count in range(3):
        view = msgspec.json.decode(written("json", *[LINE] * count), type=StatementView)
        assert view.lines == [LINE] * count
        assert (view.account, view.from_ms, view.to_ms) == ("@platform", *NOVEMBER)
        assert view.opening == view.closing == [Balance("pending:@platform", "CNY", -5)]
        assert view.next is None
    assert msgspec.json.decode(written("json", following=9), type=StatementView).next == "9"


def test_a_page_that_is_not_the_last_says_where_the_next_begins() -> None:
    *_, last = rows(written("csv", LINE, following=9))
    assert (last["kind"], last["place"], last["balance_minor"]) == ("carried_forward", "9", "-5")
    assert "more behind 9" in written("text", LINE, following=9)


def test_text_has_the_amounts_in_columns() -> None:
    *_, opening, line, closing = written("text", LINE).splitlines()
    assert opening.split() == ["opening", "-5", "CNY", "pending:@platform"]
    assert closing.split() == ["closing", "-5", "CNY", "pending:@platform"]
    assert "2026-11-22 09:00:00            -1,234         1,000,000  CNY  pending:" in line


def test_a_take_is_written_in_each_format() -> None:
    day = TakeLine(day_ms=NOVEMBER.from_ms, room="hill", currency="CNY", orders_minor=9)
    text = {}
    for name, format_ in TAKE_FORMATS.items():
        told = format_()
        pieces = [told.head("@platform", NOVEMBER), told.line(day), told.line(day), told.tail()]
        text[name] = "".join(pieces)
    assert msgspec.json.decode(text["json"], type=TakeView).lines == [day, day]
    first, _ = rows(text["csv"])
    assert (first["day"], first["room"], first["orders_minor"]) == ("2026-11-01", "hill", "9")
    assert text["text"].splitlines()[-1].split()[:2] == ["2026-11-01", "9"]


# --- the command line


@pytest.fixture
def in_tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "t").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "t"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def funded(in_tmp: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """Books with two top-ups of lan."""
    for amount, code in (("500", "COIN"), ("70", "CNY")):
        assert main(["topup", "--user", "lan", "--amount-minor", amount, "--currency", code]) == 0
    capsys.readouterr()
    return in_tmp


def said(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


@pytest.mark.usefixtures("funded")
def test_statement_tells_a_party_from_the_archive_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["statement", "lan", "--format", "json"]) == 0
    told = said(capsys)
    assert [line["amount_minor"] for line in told["lines"]] == [500, 70]
    assert main(["archive"]) == 0
    capsys.readouterr()
    assert main(["statement", "lan", "--format", "json"]) == 0
    assert said(capsys) == told
    assert main(["statement", "lan", "--currency", "CNY", "--format", "json"]) == 0
    assert [line["amount_minor"] for line in said(capsys)["lines"]] == [70]
    assert main(["statement", ":world", "--lines", "1", "--format", "json"]) == 0
    assert (told := said(capsys))["next"] == "1"
    assert main(["statement", ":world", "--behind", told["next"], "--format", "json"]) == 0
    assert [line["amount_minor"] for line in said(capsys)["lines"]] == [-70]


@pytest.mark.usefixtures("funded")
def test_take_of_books_without_sales_is_empty(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["take", "--format", "json"]) == 0
    assert said(capsys)["lines"] == []


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        (["statement", "a b"], "ACCOUNT: found 'a b'; must be a party like mei"),
        (["statement", "mei", "--from", "soon"], "--from, --to: found 'soon'; must be a date"),
        (["statement", "mei", "--from", "2026-02-02", "--to", "2026-02-01"], "is not after"),
        (["statement", "mei", "--currency", "C*"], "--currency: found 'C*'; must be a code"),
        (["take", "--party", "wallet:lan"], "--party: found 'wallet:lan'; must be a party"),
        (["statement", "mei"], "there is no ledger in .livesrv"),
    ],
)
@pytest.mark.usefixtures("in_tmp")
def test_a_senseless_question_is_one_line_and_status_2(
    flags: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(flags) == 2
    said = capsys.readouterr().err
    assert complaint in said
    assert said.count("\n") == 1


def test_who_has_read_enough_may_leave(funded: Path) -> None:
    command = f"{sys.executable} -m livesrv statement lan --from 2020-01-01 | head -0"
    done = subprocess.run(command, shell=True, cwd=funded, capture_output=True, check=True)
    assert done.stderr == b""


# --- a worker's reader


@pytest.fixture
def busy_reader(funded: Path, monkeypatch: pytest.MonkeyPatch) -> Reader:
    """A reader whose patience ends before any process can have answered."""
    monkeypatch.setattr(api, "READ_WITHIN_S", 0.05)
    return Reader(str(funded / ".livesrv"))


async def test_who_reads_too_long_is_ended_and_answered_busy(
    busy_reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[Run] = []

    class Noted(Run):
        def __init__(self, command: Sequence[str]) -> None:
            super().__init__(command)
            runs.append(self)

    monkeypatch.setattr(api, "Run", Noted)
    for _ in range(2):  # the first has left its turn to the second
        with pytest.raises(Refused) as refused:
            await busy_reader.read("lan", "statement", "--", "lan")
        assert refused.value.code is ErrorCode.BUSY
    await until(lambda: all(run._process.returncode is not None for run in runs))
    assert {run._process.returncode for run in runs} == {-SIGKILL}


async def test_a_reading_that_is_given_up_while_it_starts_is_ended_too(
    funded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_start, runs = threading.Event(), list[Run]()

    class Slow(Run):
        def __init__(self, command: Sequence[str]) -> None:
            may_start.wait(10)
            super().__init__(command)
            runs.append(self)

    monkeypatch.setattr(api, "Run", Slow)
    monkeypatch.setattr(api, "READ_WITHIN_S", 0.05)
    with pytest.raises(Refused):
        await Reader(str(funded / ".livesrv")).read("lan", "statement", "--", "lan")
    may_start.set()
    await until(lambda: runs and runs[0]._process.returncode == -SIGKILL)


async def test_an_answer_that_is_too_big_is_refused(
    funded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = Reader(str(funded / ".livesrv"))
    content = await reader.read("lan", "statement", "--format=json", "--", "lan")
    assert json.loads(content)["account"] == "lan"
    monkeypatch.setattr(api, "BYTES_MAX", len(content) - 1)
    with pytest.raises(Refused) as refused:
        await reader.read("lan", "statement", "--format=json", "--", "lan")
    assert refused.value.code is ErrorCode.LIMIT_EXCEEDED


async def test_an_archive_that_is_away_is_busy_and_our_bug_is_not(
    funded: Path,
) -> None:
    reader = Reader(str(funded / "nothing"))
    with pytest.raises(RuntimeError, match="ended with 2: livesrv: there is no ledger"):
        await reader.read("lan", "statement", "--", "lan")
    archive = funded / ".livesrv" / "archive"
    archive.mkdir()
    (archive / f"journal-{1:016}-{99:016}.jsonl.gz").touch()
    with pytest.raises(Unavailable, match="the archive in"):
        await Reader(str(funded / ".livesrv")).read("lan", "statement", "--", "lan")
