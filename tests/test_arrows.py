"""The direction of the arrows: who may import whom, read from the imports themselves."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

PURE = [
    "protocol/codec.py",
    "protocol/codes.py",
    "protocol/frames.py",
    "protocol/messages.py",
    "livesrv/ledger/entry.py",
    "livesrv/ledger/replay.py",
    "livesrv/ledger/split.py",
    "livesrv/ledger/about.py",
    "livesrv/ledger/statement.py",
    "livesrv/ledger/take.py",
    "livesrv/bare.py",
    "livesrv/recording.py",
    "livesrv/rehearsal/casting.py",
    "livesrv/rehearsal/headers.py",
    "livesrv/rehearsal/practice.py",
    "livesrv/statement_formats.py",
    "livesrv/commerce/basket.py",
    "livesrv/commerce/cards.py",
    "livesrv/commerce/keys.py",
    "livesrv/commerce/order_states.py",
    "livesrv/commerce/providers.py",
    "livesrv/commerce/registers.py",
    "livesrv/rooms/announce.py",
    "livesrv/rooms/fair.py",
    "livesrv/rooms/pace.py",
    "livesrv/rooms/room.py",
    "livesrv/rooms/saver.py",
    "livesrv/rooms/tally.py",
    "livesrv/rooms/waterfall.py",
    "livesrv/addresses.py",
    "livesrv/budgets.py",
    "livesrv/families.py",
    "livesrv/metrics.py",
    "livesrv/tally.py",
    "livesrv/limits.py",
    "livesrv/wheel.py",
]
IMPURE = {"asyncio", "time", "datetime", "random", "secrets", "socket", "logging", "os"}

FORBIDDEN = {
    "protocol": ("livesrv", "loadtest"),
    "loadtest": ("livesrv", "protocol"),
    "livesrv/ledger": ("livesrv.commerce", "livesrv.rooms"),
    "livesrv/commerce": ("livesrv.rooms",),
    "livesrv/rooms": ("livesrv.commerce",),
}
DOORS = (
    "livesrv.gateway",
    "livesrv.commands",
    "livesrv.session",
    "livesrv.api",
    "livesrv.worker",
    "livesrv.backoffice",
    "livesrv.supervisor",
    "livesrv.cli",
)


def imports(path: Path) -> Iterator[str]:
    """Absolute names of everything a file imports."""
    package = path.relative_to(ROOT).with_suffix("").parts[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) + 1 - node.level] if node.level else ()
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def is_within(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(package + ".") for package in packages)


@pytest.mark.parametrize(("folder", "forbidden"), FORBIDDEN.items())
def test_folder_imports_nothing_above_or_beside_it(folder: str, forbidden: tuple[str, ...]) -> None:
    files = list((ROOT / folder).rglob("*.py"))
    assert files
    wrong = {f"{f}: {n}" for f in files for n in imports(f) if is_within(n, forbidden)}
    assert not wrong


@pytest.mark.parametrize("folder", ["livesrv/ledger", "livesrv/commerce", "livesrv/rooms"])
def test_nothing_inside_imports_a_door(folder: str) -> None:
    files = list((ROOT / folder).rglob("*.py"))
    assert not {f"{f}: {n}" for f in files for n in imports(f) if is_within(n, DOORS)}


@pytest.mark.parametrize("file", PURE)
def test_pure_modules_import_no_clock_no_chance_no_sockets(file: str) -> None:
    found = {name.partition(".")[0] for name in imports(ROOT / file)}
    assert not found & IMPURE
