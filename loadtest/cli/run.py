"""`loadtest run`."""

import argparse
import json
from pathlib import Path
from typing import Any

import uvloop
from rich.console import Console

from ..record import folder
from ..record.record import Record, Verdict
from ..report.text import print_report
from ..scenario import reading
from .common import (
    EXIT_CODES,
    EXIT_FAIL,
    EXIT_INVALID,
    EXIT_PASS,
    SECRET_HELP,
    add_command,
    add_json,
    add_server,
    console,
)
from .playing import (
    RUNS_DEFAULT,
    SCENARIO_DEFAULT,
    add_crews,
    add_size,
    player,
    require,
    sized,
)

REPEATS_MAX = 100
EXITS = {
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
  loadtest run soak --viewers 300 --seconds 600
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
    parser.add_argument(
        "scenario",
        nargs="?",
        default=SCENARIO_DEFAULT,
        metavar="SCENARIO",
        help="a shipped scenario or a file (default: %(default)s)",
    )
    parser.add_argument("--list", action="store_true", help="list the shipped scenarios")
    add_server(parser)
    add_size(parser)
    add_crews(parser)
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


def _run(arguments: argparse.Namespace) -> int:
    shown = console()
    if arguments.list:
        return _list(shown)
    repeats = arguments.repeat
    require("--repeat", 1 <= repeats <= REPEATS_MAX, repeats, f"1 to {REPEATS_MAX}")
    scenario, play = sized(arguments), player(arguments, shown)
    verdicts = []
    for _ in range(repeats):
        record = uvloop.run(play(scenario))
        _keep(record, arguments, shown)
        verdicts.append(record.verdict)
    return max(EXITS[verdict] for verdict in verdicts)


def _keep(record: Record, arguments: argparse.Namespace, shown: Console) -> None:
    """Show a record, and put it into its folder."""
    print_report(record, shown)
    kept = folder.write(record, arguments.out)
    shown.print(f"report: {kept / 'report.html'}", markup=False, soft_wrap=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(record.as_json(), indent=2) + "\n")


def _list(shown: Console) -> int:
    for name, title in reading.titles().items():
        shown.print(f"{name:16} {title}", markup=False)
    return EXIT_PASS
