"""The command as it is typed: exit codes, messages, and the JSON file."""

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

from loadtest.selftest.stub import SECRET, Faults, serving

SHOW = """
title = "A second"
duration_s = 1
objectives = ["reliable.lost == 0"]

[[rooms]]
name = "main"
count = 2

[[people]]
role = "buyer"
count = 4
comments = { shape = "constant", per_s = 10 }
orders = { shape = "constant", per_s = 6 }
"""
CHECKOUT = ("--connections", "4", "--duration", "0.3", "--orders-per-s", "50")
INVALID = 3
NOBODY = ("--url", "http://127.0.0.1:9")


async def loadtest(*arguments: str, secret: str | None = SECRET) -> tuple[int, str, str]:
    """Run the command; gives exit code, standard output and standard error."""
    secrets = {} if secret is None else {"LIVESRV_JWT_SECRET": secret}
    environment = {"PATH": os.environ["PATH"], **secrets}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "loadtest", *arguments),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode(), errors.decode()


@pytest.fixture
def short(tmp_path: Path) -> tuple[str, ...]:
    """A show of a second, with its folders beside it."""
    file = tmp_path / "short.toml"
    file.write_text(SHOW)
    return (str(file), "--out", str(tmp_path / "runs"))


async def judged(*arguments: str) -> tuple[int, str, str]:
    """The same for a run, once more where the machine had no time for the generator."""
    for _ in range(2):
        ended = await loadtest("run", *arguments)
        if ended[0] != INVALID:
            return ended
    return await loadtest("run", *arguments)


@pytest.mark.alone
async def test_a_good_run_ends_with_0_and_leaves_a_folder(
    short: tuple[str, ...], tmp_path: Path
) -> None:
    file = tmp_path / "result.json"
    async with serving(Faults()) as url:
        more = ("--crews", "2", "--json", str(file), "--url", url)
        code, output, errors = await judged(*short, *more)
    assert (code, errors) == (0, "")
    assert "PASS" in output
    folder = max((tmp_path / "runs").iterdir(), key=lambda each: each.stat().st_mtime_ns)
    assert {each.name for each in folder.iterdir()} >= {"run.json", "report.md", "junit.xml"}
    assert str(folder) in output
    record = json.loads((folder / "run.json").read_text())
    assert record == json.loads(file.read_text())
    assert (record["verdict"], record["source"]) == ("pass", SHOW)
    assert record["figures"]["order.acknowledged"] == 6
    assert len(record["generator"]) == 2


async def test_a_good_checkout_ends_with_0_and_writes_what_it_found(tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    async with serving(Faults()) as url:
        code, output, _ = await loadtest("checkout", "--url", url, *CHECKOUT, "--json", str(file))
    assert code == 0
    assert "OK:" in output
    assert json.loads(file.read_text())["failures"] == []


async def test_a_checkout_that_lost_something_ends_with_1() -> None:
    async with serving(Faults(forgets_order_every=1)) as url:
        code, output, _ = await loadtest("checkout", "--url", url, *CHECKOUT)
    assert code == 1
    assert "FAILED:" in output


@pytest.mark.alone
async def test_a_run_that_lost_something_ends_with_1(short: tuple[str, ...]) -> None:
    async with serving(Faults(forgets_order_every=1)) as url:
        code, output, _ = await judged(*short, "--url", url)
    assert code == 1
    assert "FAIL" in output
    assert "6 acknowledged orders are not in the ledger." in output


async def test_a_secret_that_is_not_the_servers_ends_with_2_and_says_whose_it_is(
    short: tuple[str, ...],
) -> None:
    async with serving(Faults()) as url:
        code, _, errors = await loadtest("run", *short, "--url", url, secret="not " + SECRET)
    assert code == 2
    assert "the secret is the one of environment variable LIVESRV_JWT_SECRET" in errors


async def test_a_server_that_refuses_the_preparation_ends_with_2(short: tuple[str, ...]) -> None:
    async with serving(Faults(refuses_rooms=True)) as url:
        code, _, errors = await loadtest("run", *short, "--url", url)
    assert code == 2
    assert errors.startswith("loadtest: ")
    assert "forbidden" in errors
    assert "Traceback" not in errors


async def test_no_server_ends_with_4() -> None:
    code, _, errors = await loadtest("run", *NOBODY)
    assert code == 4
    assert "no server answers" in errors
