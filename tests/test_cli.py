"""The command line: what each command prints and with which status it ends."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from livesrv import __version__, auth, stores
from livesrv.__main__ import main
from livesrv.datadir import Claim

from .embedded import running
from .test_supervisor import SERVER

TOPUP = ["topup", "--user", "lan", "--amount-minor", "500", "--currency", "COIN"]


@pytest.fixture(autouse=True)
def own_places(short_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(short_path))
    monkeypatch.setattr("tempfile.tempdir", str(short_path))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def server() -> Iterator[None]:
    """A server in ./.livesrv, with its own secret, that serves nothing."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVER, "serve", "--port", "0"],
        env={**os.environ, "LIVESRV_JWT_SECRET": "s" * 32},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        yield
        process.terminate()


@pytest.fixture(params=["while the server runs", "while it does not"])
def either_way(request: pytest.FixtureRequest) -> None:
    if request.param == "while the server runs":
        request.getfixturevalue("server")


def said(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().out


@pytest.mark.usefixtures("either_way")
def test_topup_with_the_same_key_adds_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*TOPUP, "--key", "t1"]) == 0
    assert said(capsys) == "lan: 500 added with key t1; 500 COIN\n"
    assert main([*TOPUP, "--key", "t1"]) == 0
    assert said(capsys) == "lan: nothing moved: done before with key t1; 500 COIN\n"
    assert main([*TOPUP]) == 0
    assert said(capsys).endswith("; 1000 COIN\n")


def test_topup_with_a_used_key_for_something_else_is_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([*TOPUP, "--key", "t1"]) == 0
    assert main([*TOPUP, "--key", "t1", "--currency", "CNY"]) == 1
    assert "the key t1 was used for another" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        (["--user", "l n"], "--user: found 'l n'; must be 1-64 characters of A-Z a-z 0-9 _ -"),
        (["--amount-minor", "0"], "--amount-minor: found 0; must be an integer, 1 to 2^50"),
        (["--currency", "coin"], "--currency: found 'coin'; must be ISO 4217 or COIN"),
        (["--key", "a b"], "--key: found 'a b'; must be 1-64 characters"),
    ],
)
def test_topup_of_something_senseless_is_told(
    flags: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*TOPUP, *flags]) == 2
    assert complaint in capsys.readouterr().err


@pytest.mark.usefixtures("either_way")
def test_audit_of_true_books_is_clean(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(TOPUP) == 0
    said(capsys)
    assert main(["audit"]) == 0
    assert said(capsys).splitlines()[-1] == "clean"
    assert main(["audit", "--json"]) == 0
    report = json.loads(said(capsys))
    assert (report["clean"], report["lines"], report["breaches"]) == (True, 1, [])


@pytest.mark.usefixtures("server")
async def test_audit_of_false_books_names_the_breach(tmp_path: Path) -> None:
    client = stores.connect(stores.embedded("ledger", tmp_path / ".livesrv").url)
    await client.hset("{ledger}:balances", "wallet:lan COIN", "7")
    await client.aclose()
    found = subprocess.run(  # noqa: ASYNC221
        [sys.executable, "-m", "livesrv", "audit"], capture_output=True, text=True, check=False
    )
    assert "breach: wallet:lan COIN is 7 in the store, 0 by the journal" in found.stdout
    assert found.stdout.endswith("breaches: 1\n")
    assert found.returncode == 1


@pytest.mark.usefixtures("server")
async def test_money_that_was_stopped_moves_again_only_over_clean_books(tmp_path: Path) -> None:
    def run(*command: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "livesrv", *command], capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout

    client = stores.connect(stores.embedded("ledger", tmp_path / ".livesrv").url)
    assert run("resume") == (0, "money is not stopped\n")
    await client.fcall("halt", 0, "place 7 is wrong")
    await client.hset("{ledger}:balances", "wallet:lan COIN", "7")
    status, told = run("resume")
    assert (status, told.splitlines()[0]) == (1, "money was stopped: place 7 is wrong")
    assert told.endswith("money stays stopped\n")
    await client.hdel("{ledger}:balances", "wallet:lan COIN")
    status, told = run("resume")
    assert (status, told.splitlines()[-1]) == (0, "money moves again")
    assert run("resume") == (0, "money is not stopped\n")
    await client.aclose()


@pytest.mark.parametrize("command", ["audit", "archive"])
def test_command_where_there_is_no_ledger_makes_none(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command]) == 2
    assert "there is no ledger in .livesrv" in capsys.readouterr().err
    assert not (tmp_path / ".livesrv").exists()


@pytest.mark.usefixtures("either_way")
def test_archive_seals_all_there_is_and_the_audit_reads_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(TOPUP) == main(TOPUP) == 0
    said(capsys)
    assert main(["archive"]) == 0
    assert said(capsys).startswith("sealed up to place 2 in .livesrv/archive; SHA-256 ")
    assert len(list(Path(".livesrv/archive").glob("*.jsonl.gz"))) == 1
    assert main(["audit"]) == 0
    assert "sealed up to place 2 in 1 segments\nclean\n" in said(capsys)
    assert main(["audit", "--archive", "elsewhere"]) == 1
    assert "breach: the ledger is sealed up to place 2, the archive's segments to 0" in said(capsys)


def lose_the_ledger() -> None:
    """Archive a ledger of two lines, and lose it with what came after."""
    assert main(TOPUP) == main(TOPUP) == main(["archive"]) == main(TOPUP) == 0
    shutil.rmtree(".livesrv/ledger")


def test_rebuild_brings_back_a_lost_ledger_as_it_was_archived(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lose_the_ledger()
    assert main(["rebuild"]) == 0
    assert "rebuilt 2 lines from 1 segments of .livesrv/archive" in said(capsys)
    assert main(["audit"]) == 0
    assert "2 lines (2 topup)" in said(capsys)
    assert main(TOPUP) == 0
    assert said(capsys).endswith("; 1500 COIN\n")
    assert main(["rebuild"]) == 4
    assert "a ledger is rebuilt only into an empty store" in capsys.readouterr().err


def test_rebuild_from_a_copy_brings_the_archive_along(capsys: pytest.CaptureFixture[str]) -> None:
    lose_the_ledger()
    Path(".livesrv/archive").rename("backup")
    assert main(["rebuild", "--from", "backup", "--data-dir", "new"]) == 0
    assert main(["audit", "--data-dir", "new"]) == 0
    assert "sealed up to place 2 in 1 segments\nclean\n" in said(capsys)


async def test_rebuild_into_a_store_of_ones_own_reads_the_archive_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await asyncio.to_thread(lose_the_ledger)
    async with running("ledger", tmp_path / "own") as store:
        assert await asyncio.to_thread(main, ["rebuild", "--into", store.url]) == 0
        assert "rebuilt 2 lines" in said(capsys)
        assert await asyncio.to_thread(main, ["rebuild", "--into", store.url]) == 4


def test_rebuild_without_an_archive_makes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["rebuild"]) == 2
    assert "there is no archive in .livesrv/archive; say where with --from" in (
        capsys.readouterr().err
    )
    assert not (tmp_path / ".livesrv").exists()


@pytest.mark.parametrize(
    "command", [["serve", "--port", "0"], TOPUP, ["archive"], ["statement", "lan"], ["take"]]
)
def test_archive_without_its_ledger_is_not_taken_for_a_new_ledger(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    lose_the_ledger()
    Path(".livesrv/ledger").mkdir()
    assert main(command) == 4
    complaint = capsys.readouterr().err
    assert "the ledger is at place 0, but the archive in" in complaint
    assert "make it again with `livesrv rebuild`" in complaint


def test_store_that_is_away_is_told_with_its_own_status(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIVESRV_LEDGER_URL", "redis://:hush@127.0.0.1:1")
    assert main(TOPUP) == 4
    complaint = capsys.readouterr().err
    assert "ledger store redis://127.0.0.1:1: it cannot be reached" in complaint
    assert "hush" not in complaint


def test_token_is_the_last_word_printed(capsys: pytest.CaptureFixture[str]) -> None:
    flags = ["--user", "mei", "--role", "host", "--role", "viewer", "--name", "Mei"]
    assert main(["token", *flags, "--ttl-h", "0.5"]) == 0
    token = said(capsys).split()[-1]
    principal = auth.verify(Path(".livesrv/secret").read_text().strip(), token)
    assert (principal.user, principal.name) == ("mei", "Mei")
    assert principal.roles == {"host", "viewer"}


@pytest.mark.usefixtures("server")
def test_token_is_one_that_the_running_server_takes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["token", "--user", "lan", "--role", "viewer"]) == 0
    assert auth.verify("s" * 32, said(capsys).split()[-1]).user == "lan"


def test_token_for_what_is_no_id_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["token", "--user", "l n", "--role", "viewer"]) == 2
    assert "user 'l n' is not an id" in capsys.readouterr().err


def test_directory_that_another_command_holds_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("livesrv.datadir.STARTING_WAIT_S", 0.1)
    claim = Claim(tmp_path / ".livesrv")
    assert main(TOPUP) == 2
    claim.release()
    assert "is in use, but no server there has started serving" in capsys.readouterr().err


@pytest.mark.parametrize(
    "argv", [[], ["sing"], ["token", "--user", "lan", "--role", "emperor"], ["topup"]]
)
def test_what_cannot_be_understood_ends_with_status_2(argv: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(argv)
    assert caught.value.code == 2


def test_wrong_setting_is_one_line_and_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--port", "http"]) == 2
    complaint = capsys.readouterr().err
    assert complaint.startswith('livesrv: --port: found "http"; expected int')
    assert complaint.count("\n") == 1


@pytest.mark.parametrize(
    "command",
    [
        *("serve", "demo", "token", "topup", "provider", "audit", "resume"),
        *("statement", "take", "archive", "rebuild"),
    ],
)
def test_every_command_has_a_manual_with_an_example(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([command, "--help"])
    assert f"example: livesrv {command}" in said(capsys)


def test_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--version"])
    assert said(capsys) == f"livesrv {__version__}\n"
