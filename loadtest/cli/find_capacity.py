"""`loadtest find-capacity`."""

import argparse
import json
import secrets
from datetime import datetime
from pathlib import Path
from typing import Any

import uvloop
from rich.console import Console

from ..capacity.answer import Capacity, Tried
from ..capacity.report import markdown, print_answer, print_trial
from ..capacity.run import HOLD_S, REST_S, TRIAL_S, Play, Terms, find_capacity
from ..capacity.search import (
    RESOLUTION_DEFAULT,
    SECONDS_MAX,
    START_DEFAULT,
    TRIALS_MAX,
    Bounds,
    End,
)
from ..record import folder
from ..record.record import Record
from ..scenario import reading
from ..scenario.model import Scenario
from ..scenario.shortening import shortened
from .common import (
    EXIT_FAIL,
    EXIT_INVALID,
    EXIT_PASS,
    EXIT_UNREACHABLE,
    SECRET_HELP,
    BadUsage,
    add_command,
    add_json,
    add_server,
    console,
)
from .playing import RUNS_DEFAULT, SCENARIO_DEFAULT, add_crews, player

VIEWERS_MAX = 1_000_000
RESOLUTION_LEAST_PCT, RESOLUTION_MOST_PCT = 1, 50
SECONDS_LEAST, SECONDS_MOST = 1, 3_600
_EXITS = {
    End.FOUND: EXIT_PASS,
    End.MOST: EXIT_PASS,
    End.NONE: EXIT_FAIL,
    End.GENERATOR: EXIT_INVALID,
    End.UNSETTLED: EXIT_INVALID,
}
_DESCRIPTION = """\
Finds how many viewers a deployment holds, and what breaks first. Plays SCENARIO for a short while
with ever more people: doubles their number until an objective is missed, narrows the gap, has the
larger size fail again, and plays the smaller one for longer. Where two trials of a size disagree a
third decides. The answer names the size that held, the one that did not, the objective it missed,
and what was at its limit then. It takes about a dozen trials: five minutes.

A trial plays the whole scenario in less time: rates stay, and what happens late is not left out,
but what builds up slowly is seen less of. A room stays as lively as it is written; more people are
more rooms. "Holds" means that every objective of the scenario is met: to ask for more or less, edit
a copy of it.
"""
_EPILOG = """\
examples:
  livesrv serve &
  loadtest find-capacity
  loadtest find-capacity flash-sale --start 200 --trial 30 --hold 60 --json capacity.json

One line is shown for each trial. All is kept in a folder of its own: capacity.json, capacity.md,
and a run folder for each trial with its report. Let nothing else run on the machine meanwhile. The
generator needs cores too: on the server's machine it finds what both hold together.
"""
_EXIT_CODES = """
exit codes:
  0  an answer was found
  1  not even the smallest size held
  2  wrong usage, a scenario that cannot be, no secret, or a refused preparation
  3  no answer: the generator was the limit before the server failed, or trials ran out
  4  the server cannot be reached
"""


def add(commands: Any) -> None:
    parser = add_command(
        commands,
        "find-capacity",
        "how many viewers a deployment holds, and what breaks first",
        _DESCRIPTION,
        _EPILOG + SECRET_HELP + _EXIT_CODES,
    )
    parser.set_defaults(command=_find_capacity)
    parser.add_argument(
        "scenario",
        nargs="?",
        default=SCENARIO_DEFAULT,
        metavar="SCENARIO",
        help="a shipped scenario or a file (default: %(default)s)",
    )
    add_server(parser)
    for flag, kind, default, meaning in (
        ("--start", int, START_DEFAULT, "viewers of the first trial"),
        ("--max", int, VIEWERS_MAX, "viewers that are never exceeded"),
        ("--trial", float, TRIAL_S, "seconds of a trial"),
        ("--hold", float, HOLD_S, "seconds of a longer trial, of the size that is the answer"),
        ("--resolution", float, RESOLUTION_DEFAULT * 100, "percent between neighbouring sizes"),
    ):
        text = f"{meaning} (default: %(default)s)"
        parser.add_argument(flag, type=kind, default=default, metavar="N", help=text)
    add_crews(parser)
    parser.add_argument(
        "--out",
        type=Path,
        default=RUNS_DEFAULT,
        metavar="DIR",
        help="where the search's folder goes (default: %(default)s)",
    )
    add_json(parser)


def _find_capacity(arguments: argparse.Namespace) -> int:
    terms = _terms(arguments)
    scenario = reading.load(arguments.scenario)
    place = _place(arguments.out, scenario)
    play = _playing(arguments, scenario, place)
    shown = console()
    shown.print(f"{scenario.title}: from {terms.bounds.start:,} viewers", markup=False)

    def show(trial: Tried) -> None:
        print_trial(trial, shown)

    capacity = uvloop.run(find_capacity(terms, play, show))
    print_answer(capacity, shown)
    _keep(capacity, place, arguments.json)
    shown.print(f"report: {place / 'capacity.md'}", markup=False, soft_wrap=True)
    return EXIT_UNREACHABLE if capacity.is_server_gone else _EXITS[capacity.end]


def _playing(arguments: argparse.Namespace, scenario: Scenario, place: Path) -> Play:
    play = player(arguments, Console(quiet=True))

    async def trial(viewers: int, seconds: float) -> Record:
        record = await play(shortened(scenario.for_viewers(viewers), seconds))
        folder.write(record, place)
        return record

    return trial


def _terms(arguments: argparse.Namespace) -> Terms:
    _require("--start", arguments.start, 1, VIEWERS_MAX)
    _require("--max", arguments.max, arguments.start, VIEWERS_MAX)
    _require("--trial", arguments.trial, SECONDS_LEAST, SECONDS_MOST)
    _require("--hold", arguments.hold, arguments.trial, SECONDS_MOST)
    _require("--resolution", arguments.resolution, RESOLUTION_LEAST_PCT, RESOLUTION_MOST_PCT)
    bounds = Bounds(
        start=arguments.start,
        viewers_max=arguments.max,
        resolution=arguments.resolution / 100.0,
        seconds_max=max(SECONDS_MAX, TRIALS_MAX * 2.0 * arguments.hold),
    )
    return Terms(
        scenario=str(arguments.scenario),
        url=arguments.url,
        bounds=bounds,
        trial_s=arguments.trial,
        hold_s=arguments.hold,
        rest_s=REST_S,
    )


def _require(flag: str, found: float, least: float, most: float) -> None:
    if not least <= found <= most:
        raise BadUsage(f"{flag} is {found:,}; it must be {least:,} to {most:,}")


def _place(out: Path, scenario: Scenario) -> Path:
    begun = datetime.now().astimezone().strftime("%Y-%m-%dT%H-%M")
    return out / f"{begun}-capacity-{scenario.name}-{secrets.token_hex(2)}"


def _keep(capacity: Capacity, place: Path, also: Path | None) -> None:
    place.mkdir(parents=True, exist_ok=True)
    text = json.dumps(capacity.as_json(), indent=2) + "\n"
    folder.write_file(text, place / "capacity.json")
    folder.write_file(markdown(capacity), place / "capacity.md")
    if also:
        also.write_text(text)
