"""`loadtest bench fanout`."""

import argparse
import json
import signal
from pathlib import Path
from typing import Any

from ..bench.report import as_json, is_passed, print_findings
from ..bench.run import ROWS, is_supported, run
from .common import EXIT_FAIL, EXIT_PASS, BadUsage, add_command, console

_DESCRIPTION = """\
Measures what one worker's fan-out holds, row by row, against stated targets: frames a second at
saturation beside a bare loop, deliveries a second, rooms of ten thousand members, memory, a storm
of reconnects, fairness under a flood. Starts its own servers, one row after the other, each in a
directory of its own that is removed afterwards; the worker has one core, everything else another.
"""
_EPILOG = """\
example:
  loadtest bench fanout --json fanout.json
  loadtest bench fanout --rows quiet-room,storm

A row is INVALID when it missed its target while the audience, or others on this machine, rather
than the server, may have been the limit. Measure on a machine that does nothing else. Linux only.

exit codes:
  0  every row met its target
  1  otherwise
  2  wrong usage
"""


def add(commands: Any) -> None:
    bench = commands.add_parser("bench", help="what the server holds, beside stated targets")
    benches = bench.add_subparsers(required=True, metavar="BENCH")
    fanout = add_command(benches, "fanout", "the fan-out of one worker", _DESCRIPTION, _EPILOG)
    fanout.set_defaults(command=_fanout)
    fanout.add_argument(
        "--rows",
        type=lambda words: words.split(","),
        metavar="A,B",
        help=f"only these rows (there are {', '.join(ROWS)})",
    )
    fanout.add_argument("--json", type=Path, metavar="FILE", help="also write the result as JSON")
    fanout.add_argument(
        "--quick", action="store_true", help="tiny sizes: shows that it works, measures nothing"
    )


def _fanout(arguments: argparse.Namespace) -> int:
    names = arguments.rows or list(ROWS)
    unknown = [name for name in names if name not in ROWS]
    if unknown:
        raise BadUsage(f"--rows: no row {', '.join(unknown)}; there are {', '.join(ROWS)}")
    if not is_supported():
        raise BadUsage("bench fanout needs Linux: epoll, pinning to cores, and /proc")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # servers are ended on the way out
    shown = console()
    findings, machine = run(names, shown, is_quick=arguments.quick)
    print_findings(findings, machine, shown)
    if arguments.json:
        arguments.json.write_text(json.dumps(as_json(findings, machine), indent=2) + "\n")
    return EXIT_PASS if is_passed(findings) else EXIT_FAIL
