"""The command line: `loadtest run ...`.

Only here are environment, arguments and exit codes known. Exit codes: 0 nothing that must not be
lost was lost; 1 something was; 2 wrong usage, or no secret; 3 the server refused the preparation;
4 the server cannot be reached; 130 interrupted twice.
"""

import argparse
import json
import os
import sys
from pathlib import Path

import uvloop
from rich.console import Console

from .api import Refusal, Unreachable
from .credentials import NoSecret, find_secret
from .plan import BadPlan, Plan
from .process import TooFewFiles
from .report import print_report
from .run import run

EXIT_OK, EXIT_FAILED, EXIT_USAGE, EXIT_REFUSED, EXIT_UNREACHABLE = range(5)
EXIT_INTERRUPTED = 130
UNAUTHENTICATED = 401
REPORT_COLUMNS = 120
"""Width where output is not a terminal."""

_DESCRIPTION = """\
Load-test a livesrv server over its wire, and check that nothing was lost.
"""
_RUN_DESCRIPTION = """\
Opens fresh rooms, fills wallets, lets viewers in, and for a while comments, gives and orders at
moments fixed beforehand, whatever the server does. Latency counts from those moments. Then waits
until everything has arrived, and compares what viewers were told with the server's ledger.
"""
_RUN_EPILOG = """\
example:
  livesrv serve &
  loadtest run --viewers 1000 --rooms 4 --comments-per-s 500 --gifts-per-s 50 \\
      --orders-per-s 50 --duration 30 --json result.json

The server's secret signs the users' tokens. It is taken from LIVESRV_JWT_SECRET, else from
DIR/secret, where DIR is --data-dir, else DATA_DIR of the environment, else, for a server on this
machine, what the server itself announced, else .livesrv.

Ctrl-C ends the sending early; what was sent is still checked and reported.

exit codes:
  0  nothing lost, doubled or reordered, and the ledger agrees
  1  otherwise
  2  wrong usage, or the server's secret was not found
  3  the server refused the preparation
  4  the server cannot be reached
"""


def main() -> None:
    arguments = _parser().parse_args()
    try:
        sys.exit(arguments.command(arguments))
    except (BadPlan, NoSecret, TooFewFiles) as error:
        sys.exit(_complain(error, EXIT_USAGE))
    except Refusal as refusal:
        sys.exit(_complain(refusal, EXIT_REFUSED))
    except Unreachable as error:
        sys.exit(_complain(error, EXIT_UNREACHABLE))
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)


def _run(arguments: argparse.Namespace) -> int:
    plan = Plan(
        url=arguments.url,
        rooms=arguments.rooms,
        viewers=arguments.viewers,
        comments_per_s=arguments.comments_per_s,
        gifts_per_s=arguments.gifts_per_s,
        orders_per_s=arguments.orders_per_s,
        duration_s=arguments.duration,
        seed=arguments.seed,
        data_dir=arguments.data_dir,
    )
    mint = find_secret(plan.url, plan.data_dir, os.environ)
    console = _console()
    try:
        result = uvloop.run(run(plan, mint, console))
    except Refusal as refusal:
        if refusal.status != UNAUTHENTICATED:
            raise
        raise NoSecret(f"{refusal}; the secret is the one of {mint.found_in}") from refusal
    print_report(result, console)
    if arguments.json:
        arguments.json.write_text(json.dumps(result.as_json(), indent=2) + "\n")
    return EXIT_FAILED if result.failures() else EXIT_OK


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="loadtest", description=_DESCRIPTION)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    run_parser = commands.add_parser(
        "run",
        help="one run of fixed size and rates",
        description=_RUN_DESCRIPTION,
        epilog=_RUN_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    run_parser.set_defaults(command=_run)
    _add_run_options(run_parser)
    return parser


def _add_run_options(parser: argparse.ArgumentParser) -> None:
    plan = Plan()
    numbers = (
        ("--rooms", int, plan.rooms, "rooms to open"),
        ("--viewers", int, plan.viewers, "viewers, spread evenly over the rooms"),
        ("--comments-per-s", float, plan.comments_per_s, "comments a second, over all rooms"),
        ("--gifts-per-s", float, plan.gifts_per_s, "gifts a second, over all rooms"),
        ("--orders-per-s", float, plan.orders_per_s, "orders a second, over all rooms"),
        ("--duration", float, plan.duration_s, "seconds of sending"),
        ("--seed", int, plan.seed, "seed of the schedule"),
    )
    parser.add_argument("--url", default=plan.url, help="the server (default: %(default)s)")
    for flag, kind, default, text in numbers:
        text = f"{text} (default: %(default)s)"
        parser.add_argument(flag, type=kind, default=default, metavar="N", help=text)
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the result as JSON")
    parser.add_argument("--data-dir", type=Path, metavar="DIR", help="the server's data directory")


def _console() -> Console:
    is_terminal = sys.stdout.isatty()
    return Console(width=None if is_terminal else REPORT_COLUMNS, highlight=False)


def _complain(error: Exception, exit_code: int) -> int:
    print(f"loadtest: {error}", file=sys.stderr)
    return exit_code


if __name__ == "__main__":
    main()
