"""The harness stays an independent client."""

import ast
from pathlib import Path

import pytest

import loadtest

ROOT = Path(loadtest.__file__).parent
MODULES = sorted(ROOT.glob("**/*.py"))
PURE = {
    *("answer", "cells", "plain", "search", "shortening"),
    *("comparison", "likeness", "noise", "student"),
    *("form", "sales"),
    *("cast", "figures", "record", "seconds", "sightings", "timeline", "verdict"),
    *("account", "finding", "member", "reference", "script", "wire"),
    *("batches", "books", "deliveries", "frames", "latency", "plan", "purchases", "receipts"),
    *("cases", "faults", "judging", "lanes", "log", "shop", "truth"),
    *("result", "rooms", "schedule", "sequence", "settlement"),
    *("curves", "groups", "limits", "lines", "model", "objectives", "replay", "shapes", "table"),
    *("dashboard", "headline", "junit", "markdown", "sparkline", "wording"),
    *("order", "presence", "seal", "shares"),
    *("growth", "lane", "pace", "parcels"),
    *("phrases", "scene", "temper"),
    *("bottleneck", "checks", "exposition", "moment", "vitals"),
    *("axes", "charts", "markup", "panels", "sections", "spreads"),
    *("dashboard", "headline", "junit", "markdown", "sparkline", "tables", "wording"),
}
ARROWS = {
    "record": {"report"},
    "report": {"record", "scenario"},
    "scenario": {"record"},
    "books": {"scenario"},
    "client": {"books", "scenario"},
    "crowd": {"client"},
    "pages": {"client", "crowd", "record"},
    "crew": {"alongside", "books", "client", "process", "scenario"},
    "run": {
        *("alongside", "books", "capacity", "checkout", "client", "crew", "record", "report"),
        "scenario",
    },
}
"""What a package may import of the others."""
FEW = {
    ("record", "report"): {"record/folder.py"},
    ("run", "capacity"): {"run/run.py"},
    ("run", "checkout"): {"run/watch.py"},
    ("run", "report"): {"run/run.py"},
}
"""Where only these modules may: a folder writes reports; a run shows itself, names its bottleneck,
and looks at the machine."""
IMPURE = {"asyncio", "time", "aiohttp", "socket", "logging", "secrets"}


def imported(module: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add(str(node.module).split(".")[0])
    return names


def others(module: Path) -> set[str]:
    """The other packages, or single modules beside them, that a module imports from."""
    here = module.relative_to(ROOT).parts[:-1]
    found = set()
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = here[: len(here) - node.level + 1]
            path = (*base, *(node.module or "").split("."))
            found |= {path[0]} if path[0] else {alias.name for alias in node.names}
    return found - set(here[:1])


@pytest.mark.parametrize("package", sorted(ARROWS))
def test_a_package_imports_only_of_those_below_it(package: str) -> None:
    for module in (ROOT / package).glob("**/*.py"):
        assert others(module) <= ARROWS[package], module
        for other in others(module):
            few = FEW.get((package, other))
            assert few is None or module.relative_to(ROOT).as_posix() in few, module


def test_the_harness_imports_neither_the_server_nor_its_messages() -> None:
    for module in MODULES:
        assert not imported(module) & {"livesrv", "protocol", "msgspec"}, module


def test_pure_modules_import_no_clock_no_sockets_and_no_event_loop() -> None:
    for module in MODULES:
        if module.stem in PURE:
            assert not imported(module) & IMPURE, module
