"""`loadtest compare`."""

import argparse
import json
from pathlib import Path
from typing import Any

import uvloop
from rich.console import Console

from ..compare.comparison import Comparison, Finding, compare
from ..compare.folders import read_runs
from ..compare.likeness import Side, Unlike, is_cut_short, require_like, require_repeats
from ..compare.noise import REPEATS_MIN
from ..compare.report import markdown, print_comparison
from ..record.record import BadRecord, Record
from ..scenario.plain import from_json
from .common import (
    EXIT_FAIL,
    EXIT_PASS,
    SECRET_HELP,
    BadUsage,
    add_command,
    add_json,
    add_server,
    console,
)
from .playing import Play, player

REPEAT_MAX = 100
NOISE = "--repeat"
_DESCRIPTION = """\
Compares two sides of runs of one scenario: B is worse than A, better, or there is no detectable
change. A side is the folder of a run, or a folder with the folders of several: repeats. From them
the noise is known: a change counts when chance alone would hardly ever bring it. With noise of 3%,
four repeats a side find a change of 15% in 99 of 100 cases, three in 85.

Three figures decide: comment.p99_ms, order.p99_ms (p50_ms where fewer than 100 were timed), and
server.cpu_pct_max; and every count that must be 0, such as events lost: there one is too many.
Dozens of other figures are compared too and shown when they moved, but some always do by chance, so
they decide nothing.

Runs of another scenario, size or seed, invalid runs, and runs that were cut short are refused; runs
of other machines too, unless they are allowed.
"""
_EPILOG = """\
example:
  loadtest run steady-evening --viewers 1000 --repeat 4 --out before
  # change the server, start it again
  loadtest run steady-evening --viewers 1000 --repeat 4 --out after
  loadtest compare before after --markdown change.md

With one run a side only, --repeat 4 plays A's scenario four times more, against the server that
runs now, only to learn the noise.
"""
_EXIT_CODES = """
exit codes:
  0  no detectable change, or better
  1  worse
  2  wrong usage, runs that are not alike or invalid, or too few to know the noise
  4  with --repeat: the server cannot be reached
"""


def add(commands: Any) -> None:
    parser = add_command(
        commands,
        "compare",
        "two sides of runs: worse, better, or no detectable change",
        _DESCRIPTION,
        _EPILOG + SECRET_HELP + _EXIT_CODES,
    )
    parser.set_defaults(command=_compare)
    parser.add_argument("a", type=Path, metavar="A", help="run folder, or folder of several")
    parser.add_argument("b", type=Path, metavar="B", help="what is compared with it")
    parser.add_argument(
        "--across-machines", action="store_true", help="compare runs of different machines or crews"
    )
    parser.add_argument(
        "--repeat", type=int, metavar="N", help="play A's scenario N times now, to learn the noise"
    )
    add_server(parser)
    add_json(parser)
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="also write it as Markdown")


def _compare(arguments: argparse.Namespace) -> int:
    try:
        comparison = _compared(arguments)
    except (BadRecord, Unlike) as error:
        raise BadUsage(str(error)) from error
    print_comparison(comparison, console())
    _keep(comparison, arguments)
    return EXIT_FAIL if comparison.finding is Finding.WORSE else EXIT_PASS


def _compared(arguments: argparse.Namespace) -> Comparison:
    a, b = (
        Side(name, read_runs(place))
        for name, place in zip(_names(arguments), (arguments.a, arguments.b), strict=True)
    )
    require_like([a, b], across_machines=arguments.across_machines)
    noise: list[Record] = []
    if arguments.repeat is not None:
        noise = _noise(arguments, a.runs[0])
        require_like([a, Side(NOISE, noise)], across_machines=arguments.across_machines)
    require_repeats(a, noise)
    return compare(a, b, noise)


def _names(arguments: argparse.Namespace) -> tuple[str, str]:
    """The folders' names; their paths where the names are the same."""
    a, b = arguments.a, arguments.b
    return (a.name, b.name) if a.name != b.name and a.name and b.name else (str(a), str(b))


def _noise(arguments: argparse.Namespace, like: Record) -> list[Record]:
    if not REPEATS_MIN <= arguments.repeat <= REPEAT_MAX:
        raise BadUsage(f"--repeat is {arguments.repeat}; it must be {REPEATS_MIN} to {REPEAT_MAX}")
    arguments.crews = len(like.generator) or None
    return uvloop.run(_repeated(player(arguments, Console(quiet=True)), like, arguments.repeat))


async def _repeated(play: Play, like: Record, count: int) -> list[Record]:
    """Ends with a show that somebody cut short; likeness then refuses it."""
    scenario, runs = from_json(like.scenario), list[Record]()
    while len(runs) < count and not any(map(is_cut_short, runs)):
        runs.append(await play(scenario))
    return runs


def _keep(comparison: Comparison, arguments: argparse.Namespace) -> None:
    if arguments.json:
        arguments.json.write_text(json.dumps(comparison.as_json(), indent=2) + "\n")
    if arguments.markdown:
        arguments.markdown.write_text(markdown(comparison))
