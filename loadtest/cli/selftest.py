"""`loadtest selftest`."""

import argparse
import asyncio
import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..selftest.cases import CASES
from ..selftest.judging import MS_OFF_MAX, SHARE_OFF_MAX
from ..selftest.play import Outcome, prove
from ..selftest.report import line, print_verdict, table
from .common import EXIT_FAIL, EXIT_PASS, BadUsage, add_command, add_json, console

_DESCRIPTION = f"""\
Proves this harness, on this machine. Small shows are played against a server of its own, which
delays, drops, doubles, swaps and stalls by known amounts, loses orders, sells what it has not, and
hangs up; it notes what it really did, and when. What the harness reports must be that: latencies
within {MS_OFF_MAX:g} ms or {SHARE_OFF_MAX:.0%}, whichever is larger, rates within \
{SHARE_OFF_MAX:.0%}, counts exactly. A generator that is
stopped again and again, or killed in part, must call its run INVALID; one beside a server that
stands still must not.
"""
_EPILOG = """\
example:
  loadtest selftest
  loadtest selftest --cases stall,starved --json selftest.json

Needs no server and half a minute. A case that misses nothing but timings is played again, alone,
twice at most: on a machine that does much else, timings are off for a while. The columns are what
the server was told to do, what it did, and what the harness said of it.

exit codes:
  0  every case is as it was
  1  otherwise: do not trust figures measured on this machine
  2  wrong usage
"""


def add(commands: Any) -> None:
    parser = add_command(
        commands, "selftest", "the harness proved on this machine", _DESCRIPTION, _EPILOG
    )
    parser.set_defaults(command=_selftest)
    parser.add_argument(
        "--cases",
        type=lambda words: words.split(","),
        metavar="A,B",
        help=f"only these cases (there are {', '.join(case.name for case in CASES)})",
    )
    add_json(parser)


def _selftest(arguments: argparse.Namespace) -> int:
    known = {case.name: case for case in CASES}
    names = arguments.cases or list(known)
    unknown = [name for name in names if name not in known]
    if unknown:
        raise BadUsage(f"--cases: no case {', '.join(unknown)}; there are {', '.join(known)}")
    shown = console()
    began_s = time.monotonic()
    outcomes = asyncio.run(
        prove([known[name] for name in names], lambda outcome: shown.print(line(outcome)))
    )
    outcomes.sort(key=lambda outcome: names.index(outcome.case.name))
    shown.print(table(outcomes))
    print_verdict(outcomes, time.monotonic() - began_s, shown)
    if arguments.json:
        _write(outcomes, arguments.json)
    return EXIT_PASS if all(outcome.is_met for outcome in outcomes) else EXIT_FAIL


def _write(outcomes: list[Outcome], file: Path) -> None:
    plain = [
        {
            "case": outcome.case.name,
            "is_met": outcome.is_met,
            "tries": outcome.tries,
            "checks": [asdict(check) for check in outcome.checks],
        }
        for outcome in outcomes
    ]
    file.write_text(json.dumps({"cases": plain}, indent=2) + "\n")
