"""The command line: `loadtest run ...`, `loadtest checkout ...`, `loadtest bench fanout ...`.

Only here are environment, arguments and exit codes known. Exit codes: 0 nothing that must not be
lost was lost; 1 something was; 2 wrong usage, or no secret; 3 the server refused the preparation;
4 the server cannot be reached; 130 interrupted twice.
"""

import argparse
import json
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

import uvloop
from rich.console import Console

from .bench.report import as_json, is_passed, print_findings
from .bench.run import ROWS, is_supported
from .bench.run import run as run_bench
from .checkout.plan import CheckoutPlan
from .checkout.report import print_report as print_checkout_report
from .checkout.run import run as run_checkout
from .client.api import Refusal, Unreachable
from .client.credentials import Mint, NoSecret, find_secret
from .process import TooFewFiles
from .run.plan import BadPlan, Plan
from .run.report import print_report
from .run.run import run

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
"""
_CHECKOUT_DESCRIPTION = """\
Sells one hot offer. First as fast as the server answers, each connection keeping one order under
way (closed loop): the rate. Then at moments fixed beforehand, at 80% of that rate (open loop): the
latency, which counts from those moments. Watchers in the room and the ledger must agree with what
the buyers were told. In the end, orders of the same kind go to the ledger directly: its ceiling.
"""
_CHECKOUT_EPILOG = """\
example:
  livesrv serve --workers 1 --data-dir /tmp/show &
  loadtest checkout --connections 100 --duration 10 --data-dir /tmp/show --json result.json

With --data-dir, the server's processes and its ledger on this machine are looked at too: CPU time
and memory an order, and the ceiling. The ceiling's entries are real orders in its books: measure a
server that is there for it.
"""
_BENCH_DESCRIPTION = """\
Measures what one worker's fan-out holds, row by row, against stated targets: frames a second at
saturation beside a bare loop, deliveries a second, rooms of ten thousand members, memory, a storm
of reconnects, fairness under a flood. Starts its own servers, one row after the other, each in a
directory of its own that is removed afterwards; the worker has one core, everything else another.
"""
_BENCH_EPILOG = """\
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
_COMMON_EPILOG = """
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


class Judged(Protocol):
    """A result that says what it found."""

    def failures(self) -> list[str]: ...

    def as_json(self) -> dict[str, Any]: ...


P = TypeVar("P", Plan, CheckoutPlan)
R = TypeVar("R", bound=Judged)


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
    return _carry_out(_run_plan(arguments), run, print_report, arguments)


def _checkout(arguments: argparse.Namespace) -> int:
    plan = CheckoutPlan(
        url=arguments.url,
        connections=arguments.connections,
        watchers=arguments.watchers,
        duration_s=arguments.duration,
        orders_per_s=arguments.orders_per_s,
        seed=arguments.seed,
        data_dir=arguments.data_dir,
    )
    return _carry_out(plan, run_checkout, print_checkout_report, arguments)


def _bench(arguments: argparse.Namespace) -> int:
    names = arguments.rows or list(ROWS)
    unknown = [name for name in names if name not in ROWS]
    if unknown:
        raise BadPlan(f"--rows: no row {', '.join(unknown)}; there are {', '.join(ROWS)}")
    if not is_supported():
        raise BadPlan("bench fanout needs Linux: epoll, pinning to cores, and /proc")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # servers are ended on the way out
    console = _console()
    findings, machine = run_bench(names, console, is_quick=arguments.quick)
    print_findings(findings, machine, console)
    if arguments.json:
        arguments.json.write_text(json.dumps(as_json(findings, machine), indent=2) + "\n")
    return EXIT_OK if is_passed(findings) else EXIT_FAILED


def _run_plan(arguments: argparse.Namespace) -> Plan:
    return Plan(
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


def _carry_out(
    plan: P,
    run: Callable[[P, Mint, Console], Coroutine[Any, Any, R]],
    print_report: Callable[[R, Console], None],
    arguments: argparse.Namespace,
) -> int:
    """Run, print, write the JSON, and judge."""
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
    run_parser = _add_command(
        commands, "run", "one run of fixed size and rates", _RUN_DESCRIPTION, _RUN_EPILOG
    )
    run_parser.set_defaults(command=_run)
    _add_options(run_parser, _run_numbers(Plan()))
    checkout_parser = _add_command(
        commands,
        "checkout",
        "durable orders a second on one hot offer",
        _CHECKOUT_DESCRIPTION,
        _CHECKOUT_EPILOG,
    )
    checkout_parser.set_defaults(command=_checkout)
    _add_options(checkout_parser, _checkout_numbers(CheckoutPlan()))
    _add_bench(commands)
    return parser


def _add_bench(commands: Any) -> None:
    bench = commands.add_parser("bench", help="what the server holds, beside stated targets")
    benches = bench.add_subparsers(required=True, metavar="BENCH")
    fanout = benches.add_parser(
        "fanout",
        help="the fan-out of one worker",
        description=_BENCH_DESCRIPTION,
        epilog=_BENCH_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    fanout.set_defaults(command=_bench)
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


def _add_command(
    commands: Any, name: str, text: str, description: str, epilog: str
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=text,
        description=description,
        epilog=epilog + _COMMON_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    return parser


Number = tuple[str, type, float | None, str]
"""Flag, type, default, help."""


def _run_numbers(plan: Plan) -> Sequence[Number]:
    return (
        ("--rooms", int, plan.rooms, "rooms to open"),
        ("--viewers", int, plan.viewers, "viewers, spread evenly over the rooms"),
        ("--comments-per-s", float, plan.comments_per_s, "comments a second, over all rooms"),
        ("--gifts-per-s", float, plan.gifts_per_s, "gifts a second, over all rooms"),
        ("--orders-per-s", float, plan.orders_per_s, "orders a second, over all rooms"),
        ("--duration", float, plan.duration_s, "seconds of sending"),
        ("--seed", int, plan.seed, "seed of the schedule"),
    )


def _checkout_numbers(plan: CheckoutPlan) -> Sequence[Number]:
    return (
        ("--connections", int, plan.connections, "buyers, each on a connection of its own"),
        ("--watchers", int, plan.watchers, "viewers in the room who check its reliable lane"),
        ("--orders-per-s", float, plan.orders_per_s, "orders a second of the second phase"),
        ("--duration", float, plan.duration_s, "seconds of each of the two phases"),
        ("--seed", int, plan.seed, "seed of the second phase's schedule"),
    )


def _add_options(parser: argparse.ArgumentParser, numbers: Sequence[Number]) -> None:
    parser.add_argument("--url", default=Plan().url, help="the server (default: %(default)s)")
    for flag, kind, default, text in numbers:
        shown = "80%% of the first phase's rate" if default is None else "%(default)s"
        text = f"{text} (default: {shown})"
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
