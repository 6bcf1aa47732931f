"""`loadtest preflight`."""

import argparse
import os
from typing import Any

import uvloop
from rich.console import Console
from rich.table import Table

from ..client.credentials import NoSecret, find_secret
from ..preflight.checks import Check, State
from ..preflight.look import preflight
from .common import (
    EXIT_CONFIGURATION,
    EXIT_PASS,
    add_command,
    add_server,
    console,
)
from .playing import SCENARIO_DEFAULT, add_crews, add_size, crews_for, sized

TOKEN_TTL_S = 60
_STYLES = {State.OK: "green", State.WARN: "yellow", State.STOP: "red"}

_DESCRIPTION = """\
Looks for what will stop a run before it has begun: open files, ports, memory, cores, the clock,
what else runs on this machine, and the limits of the server, if it answers. Says how to put each
right. Changes nothing and loads nothing; takes a second.
"""
_EPILOG = """\
examples:
  loadtest preflight --viewers 100000
  loadtest preflight flash-sale --crews 2 --url https://live.example

`stop` is sure to spoil the run; `warn` may, and is worth knowing when you read its figures.

exit codes:
  0  nothing will stop the run
  2  something will, or wrong usage
"""


def add(commands: Any) -> None:
    text = "what will stop a run, and how to put it right"
    parser = add_command(commands, "preflight", text, _DESCRIPTION, _EPILOG)
    parser.set_defaults(command=_preflight)
    parser.add_argument("scenario", nargs="?", default=SCENARIO_DEFAULT, metavar="SCENARIO")
    add_server(parser)
    add_size(parser)
    add_crews(parser)


def _preflight(arguments: argparse.Namespace) -> int:
    scenario = sized(arguments)
    crews = crews_for(arguments.crews, scenario)
    checks = uvloop.run(preflight(scenario, crews, arguments.url, _token(arguments)))
    shown = console()
    people = f"{scenario.viewers:,} viewers played by {crews} processes"
    shown.print(f"{scenario.name}: {people} against {arguments.url}", markup=False)
    print_checks(checks, shown)
    will_stop = any(check.state is State.STOP for check in checks)
    return EXIT_CONFIGURATION if will_stop else EXIT_PASS


def _token(arguments: argparse.Namespace) -> str | None:
    """A server on this machine tells us without one."""
    try:
        mint = find_secret(arguments.url, arguments.data_dir, os.environ)
    except NoSecret:
        return None
    return mint.token("loadtest-ops", "ops", ttl_s=TOKEN_TTL_S)


def print_checks(checks: list[Check], shown: Console) -> None:
    table = Table("", "check", "found", "needed")
    for check in checks:
        style = _STYLES[check.state]
        state = f"[{style}]{check.state.value}[/{style}]"
        table.add_row(state, *map(_plain, (check.name, check.found, check.needed)))
    shown.print(table)
    for check in checks:
        if check.fix:
            shown.print(f"{check.state.value}: {check.name}: {check.fix}", markup=False)


def _plain(text: str) -> str:
    """Not to be taken for markup."""
    return text.replace("[", "\\[")
