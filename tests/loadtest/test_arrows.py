"""The harness stays an independent client."""

import ast
from pathlib import Path

import loadtest

MODULES = sorted(Path(loadtest.__file__).parent.glob("**/*.py"))
PURE = {
    *("answer", "cells", "plain", "search", "shortening", "sizing"),
    *("comparison", "likeness", "noise", "student"),
    *("form", "sales"),
    *("account", "finding", "member", "reference", "script", "wire"),
    *("batches", "books", "deliveries", "frames", "latency", "plan", "purchases", "receipts"),
    *("cases", "faults", "judging", "lanes", "log", "shop", "truth"),
    *("result", "rooms", "schedule", "sequence", "settlement"),
    *("curves", "groups", "limits", "lines", "model", "objectives", "replay", "shapes", "table"),
    *("dashboard", "headline", "junit", "markdown", "sparkline", "wording"),
    *("bottleneck", "checks", "exposition", "moment", "vitals"),
    *("axes", "charts", "markup", "panels", "sections", "spreads"),
    *("dashboard", "headline", "junit", "markdown", "sparkline", "tables", "wording"),
}
IMPURE = {"asyncio", "time", "aiohttp", "socket", "logging", "secrets"}


def imported(module: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add(str(node.module).split(".")[0])
    return names


def test_the_harness_imports_neither_the_server_nor_its_messages() -> None:
    for module in MODULES:
        assert not imported(module) & {"livesrv", "protocol", "msgspec"}, module


def test_pure_modules_import_no_clock_no_sockets_and_no_event_loop() -> None:
    for module in MODULES:
        if module.stem in PURE:
            assert not imported(module) & IMPURE, module
