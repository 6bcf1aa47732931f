"""`loadtest run`."""

import argparse
import json
import math
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import uvloop
from rich.console import Console

from ..client.api import Refusal
from ..client.credentials import Mint, NoSecret, find_secret
from ..process import cores, open_files_max
from ..record import folder
from ..record.record import Record, Verdict
from ..report.text import print_report
from ..run.run import RunOrder, run
from ..scenario import reading
from ..scenario.model import Scenario
from .common import (
    EXIT_CODES,
    EXIT_FAIL,
    EXIT_INVALID,
    EXIT_PASS,
    SECRET_HELP,
    BadUsage,
    add_command,
    add_json,
    add_server,
    console,
)

SCENARIO_DEFAULT = "steady-evening"
RUNS_DEFAULT = Path("loadtest-runs")
PEOPLE_PER_CREW = 5_000
"""How many people one process plays without becoming the bottleneck, by a wide margin."""
CREWS_MAX = 64
REPEATS_MAX = 100
UNAUTHENTICATED = 401
_EXITS = {
    Verdict.PASS: EXIT_PASS,
    Verdict.FAIL: EXIT_FAIL,
    Verdict.INVALID: EXIT_INVALID,
}

_DESCRIPTION = """\
Plays a scenario against a server and judges it. Opens fresh rooms, fills wallets, lets people in,
and has them act at moments fixed beforehand, whatever the server does: latency counts from those
moments. Then waits until everything has arrived, compares what people were told with the server's
ledger, and says PASS, FAIL or INVALID (the generator was the bottleneck), with the reasons.

SCENARIO is one of those shipped (--list), or a file: copy a shipped one and change it.
"""
_EPILOG = """\
examples:
  livesrv serve &
  loadtest run steady-evening --viewers 1000
  loadtest run flash-sale --scale 0.1 --out runs
  loadtest run my-show.toml --url https://live.example --crews 4

Every run leaves a folder with run.json, report.html, report.md and junit.xml.
Ctrl-C ends the show early; what was sent is still checked and reported.
"""


def add(commands: Any) -> None:
    parser = add_command(
        commands,
        "run",
        "play a scenario and judge the server",
        _DESCRIPTION,
        _EPILOG + SECRET_HELP + EXIT_CODES,
    )
    parser.set_defaults(command=_run)
    parser.add_argument("scenario", nargs="?", default=SCENARIO_DEFAULT, metavar="SCENARIO")
    parser.add_argument("--list", action="store_true", help="list the shipped scenarios")
    add_server(parser)
    add_size(parser)
    parser.add_argument(
        "--out",
        type=Path,
        default=RUNS_DEFAULT,
        metavar="DIR",
        help="where the run's folder goes (default: %(default)s)",
    )
    parser.add_argument(
        "--repeat", type=int, default=1, metavar="N", help="play it N times, for `loadtest compare`"
    )
    add_json(parser)


def add_size(parser: argparse.ArgumentParser) -> None:
    """How large a scenario is played, and from how many processes."""
    size = parser.add_mutually_exclusive_group()
    size.add_argument(
        "--viewers", type=int, metavar="N", help="scale people, rooms and rates to N people"
    )
    size.add_argument("--scale", type=float, metavar="X", help="scale people, rooms and rates by X")
    parser.add_argument("--seed", type=int, metavar="N", help="another seed than the scenario's")
    parser.add_argument(
        "--crews",
        type=int,
        metavar="N",
        help="generator processes (default: one for every 5,000 people, as far as there are cores)",
    )


def sized(arguments: argparse.Namespace) -> Scenario:
    """The scenario that the arguments ask for. Raises `BadScenario`, `BadUsage`."""
    scenario = reading.load(arguments.scenario)
    if arguments.viewers is not None:
        _require("--viewers", arguments.viewers > 0, arguments.viewers, "at least 1")
        scenario = scenario.for_viewers(arguments.viewers)
    elif arguments.scale is not None:
        _require("--scale", arguments.scale > 0, arguments.scale, "above 0")
        scenario = scenario.scaled(arguments.scale)
    return scenario if arguments.seed is None else replace(scenario, seed=arguments.seed)


def crews_for(arguments: argparse.Namespace, scenario: Scenario) -> int:
    """How many generator processes play a scenario: as asked for, or what it takes."""
    if arguments.crews is not None:
        _require("--crews", 1 <= arguments.crews <= CREWS_MAX, arguments.crews, f"1 to {CREWS_MAX}")
        return int(arguments.crews)
    wanted = math.ceil(scenario.viewers / PEOPLE_PER_CREW)
    files = math.ceil(scenario.viewers / open_files_max())
    return max(1, files, min(wanted, cores()))


def _run(arguments: argparse.Namespace) -> int:
    shown = console()
    if arguments.list:
        return _list(shown)
    _require(
        "--repeat", 1 <= arguments.repeat <= REPEATS_MAX, arguments.repeat, f"1 to {REPEATS_MAX}"
    )
    scenario = sized(arguments)
    order = RunOrder(
        scenario=scenario,
        url=arguments.url,
        crews=crews_for(arguments, scenario),
        data_dir=arguments.data_dir,
    )
    mint = find_secret(order.url, order.data_dir, os.environ)
    verdicts = [_once(order, mint, shown, arguments) for _ in range(arguments.repeat)]
    return max(_EXITS[verdict] for verdict in verdicts)


def _once(order: RunOrder, mint: Mint, shown: Console, arguments: argparse.Namespace) -> Verdict:
    record = play(order, mint, shown)
    print_report(record, shown)
    kept = folder.write(record, arguments.out)
    shown.print(f"report: {kept / 'report.html'}", markup=False)
    if arguments.json:
        arguments.json.write_text(json.dumps(record.as_json(), indent=2) + "\n")
    return record.verdict


def play(order: RunOrder, mint: Mint, shown: Console) -> Record:
    """One run. Raises `NoSecret` when the server does not know the secret."""
    try:
        return uvloop.run(run(order, mint, shown))
    except Refusal as refusal:
        if refusal.status != UNAUTHENTICATED:
            raise
        raise NoSecret(f"{refusal}; the secret is the one of {mint.found_in}") from refusal


def _list(shown: Console) -> int:
    for name in reading.names():
        scenario = reading.load(name)
        shown.print(f"{name:16} {scenario.title} ({scenario.duration_s:g} s)", markup=False)
    return EXIT_PASS


def _require(flag: str, is_right: bool, found: object, right: str) -> None:
    if not is_right:
        raise BadUsage(f"{flag} is {found}; it must be {right}")
