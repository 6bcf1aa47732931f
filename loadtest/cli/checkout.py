"""`loadtest checkout`."""

import argparse
import json
import os
from typing import Any

import uvloop

from ..checkout.plan import CheckoutPlan
from ..checkout.report import print_report
from ..checkout.run import run
from ..client.credentials import find_secret
from .common import (
    EXIT_FAIL,
    EXIT_PASS,
    SECRET_HELP,
    Number,
    add_command,
    add_json,
    add_numbers,
    add_server,
    console,
)

_DESCRIPTION = """\
Sells one hot offer. First as fast as the server answers, each connection keeping one order under
way (closed loop): the rate. Then at moments fixed beforehand, at 80% of that rate (open loop): the
latency, which counts from those moments. Watchers in the room and the ledger must agree with what
the buyers were told. In the end, orders of the same kind go to the ledger directly: its ceiling.
"""
_EPILOG = """\
example:
  livesrv serve --workers 1 --data-dir /tmp/show &
  loadtest checkout --connections 100 --duration 10 --data-dir /tmp/show --json result.json

With --data-dir, the server's processes and its ledger on this machine are looked at too: CPU time
and memory an order, and the ceiling. The ceiling's entries are real orders in its books: measure a
server that is there for it.
"""
_EXIT_CODES = """
Ctrl-C ends the sending early; what was sent is still checked and reported.

exit codes:
  0  nothing lost, doubled or reordered, and the ledger agrees
  1  otherwise
  2  wrong usage, no secret, or the server refused the preparation
  4  the server cannot be reached
"""


def add(commands: Any) -> None:
    parser = add_command(
        commands,
        "checkout",
        "durable orders a second on one hot offer",
        _DESCRIPTION,
        _EPILOG + SECRET_HELP + _EXIT_CODES,
    )
    parser.set_defaults(command=_checkout)
    add_server(parser)
    add_numbers(parser, _numbers(CheckoutPlan()))
    add_json(parser)


def _numbers(plan: CheckoutPlan) -> list[Number]:
    return [
        ("--connections", int, plan.connections, "buyers, each on a connection of its own"),
        ("--watchers", int, plan.watchers, "viewers in the room who check its reliable lane"),
        ("--orders-per-s", float, plan.orders_per_s, "orders a second of the second phase"),
        ("--duration", float, plan.duration_s, "seconds of each of the two phases"),
        ("--seed", int, plan.seed, "seed of the second phase's schedule"),
    ]


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
    mint = find_secret(plan.url, plan.data_dir, os.environ)
    shown = console()
    result = uvloop.run(run(plan, mint, shown))
    print_report(result, shown)
    if arguments.json:
        arguments.json.write_text(json.dumps(result.as_json(), indent=2) + "\n")
    return EXIT_FAIL if result.failures() else EXIT_PASS
