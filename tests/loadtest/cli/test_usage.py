"""What every command says of itself, and of what it does not know."""

import pytest

from .conftest import Command

NAMES = (
    *("preflight", "run", "find-capacity", "compare", "report"),
    *("checkout", "bench fanout", "pages", "audience"),
)


@pytest.mark.parametrize("name", NAMES)
def test_help_is_a_short_manual_with_an_example(command: Command, name: str) -> None:
    code, output, _ = command(*name.split(), "--help")
    assert code == 0
    assert "example" in output
    assert "exit codes:" in output


def test_help_names_every_command(command: Command) -> None:
    code, output, _ = command("--help")
    assert code == 0
    assert all(name.split()[0] in output for name in NAMES)


@pytest.mark.parametrize(
    "wrong",
    ["", "nosuch", "run --no-such-flag", "checkout --connections 0", "bench nosuch", "audience"],
)
def test_wrong_usage_ends_with_2(command: Command, wrong: str) -> None:
    code, _, errors = command(*wrong.split())
    assert code == 2
    assert errors
