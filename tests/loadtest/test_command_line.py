"""The command as it is typed: exit codes, messages, and the JSON file."""

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

from loadtest.selftest.stub import SECRET, Faults, serving

SHORT = ("--viewers", "4", "--rooms", "2", "--duration", "0.3")
CHECKOUT = ("--connections", "4", "--duration", "0.3", "--orders-per-s", "50")
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


async def test_a_good_run_ends_with_0_and_writes_what_it_found(tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    async with serving(Faults()) as url:
        code, output, _ = await loadtest("run", "--url", url, *SHORT, "--json", str(file))
    assert code == 0
    assert "OK:" in output
    assert json.loads(file.read_text())["failures"] == []


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


async def test_a_run_that_lost_something_ends_with_1() -> None:
    async with serving(Faults(forgets_order_every=1)) as url:
        code, output, _ = await loadtest("run", "--url", url, *SHORT)
    assert code == 1
    assert "FAILED:" in output


async def test_wrong_usage_ends_with_2() -> None:
    assert (await loadtest("run", "--viewers", "-1"))[0] == 2
    assert (await loadtest("run", "--no-such-flag"))[0] == 2
    assert (await loadtest("checkout", "--connections", "0"))[0] == 2


async def test_no_secret_ends_with_2_and_says_what_to_pass(tmp_path: Path) -> None:
    code, _, errors = await loadtest("run", *NOBODY, "--data-dir", str(tmp_path), secret=None)
    assert code == 2
    assert "--data-dir" in errors
    assert "LIVESRV_JWT_SECRET" in errors


async def test_a_secret_that_is_not_the_servers_ends_with_2_and_says_whose_it_is() -> None:
    async with serving(Faults()) as url:
        code, _, errors = await loadtest("run", "--url", url, *SHORT, secret="not " + SECRET)
    assert code == 2
    assert "LIVESRV_JWT_SECRET" in errors


async def test_a_server_that_refuses_the_preparation_ends_with_3() -> None:
    async with serving(Faults(refuses_rooms=True)) as url:
        code, _, errors = await loadtest("run", "--url", url, *SHORT)
    assert code == 3
    assert "forbidden" in errors


async def test_no_server_ends_with_4() -> None:
    code, _, errors = await loadtest("run", *NOBODY)
    assert code == 4
    assert "no server answers" in errors


@pytest.mark.parametrize("command", ["", "run", "checkout", "bench fanout"])
async def test_help_is_given(command: str) -> None:
    code, output, _ = await loadtest(*command.split(), "--help")
    assert code == 0
    assert "exit codes:" in output or "COMMAND" in output
