"""`loadtest run`."""

import argparse
import json
import os
from typing import Any

import uvloop

from ..client.credentials import find_secret
from ..run.plan import Plan
from ..run.report import print_report
from ..run.run import run
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
Opens fresh rooms, fills wallets, lets viewers in, and for a while comments, gives and orders at
moments fixed beforehand, whatever the server does. Latency counts from those moments. Then waits
until everything has arrived, and compares what viewers were told with the server's ledger.
"""
_EPILOG = """\
example:
  livesrv serve &
  loadtest run --viewers 1000 --rooms 4 --comments-per-s 500 --gifts-per-s 50 \\
      --orders-per-s 50 --duration 30 --json result.json
"""


def add(commands: Any) -> None:
    parser = add_command(
        commands, "run", "one run of fixed size and rates", _DESCRIPTION, _EPILOG + SECRET_HELP
    )
    parser.set_defaults(command=_run)
    add_server(parser)
    add_numbers(parser, _numbers(Plan()))
    add_json(parser)


def _numbers(plan: Plan) -> list[Number]:
    return [
        ("--rooms", int, plan.rooms, "rooms to open"),
        ("--viewers", int, plan.viewers, "viewers, spread evenly over the rooms"),
        ("--comments-per-s", float, plan.comments_per_s, "comments a second, over all rooms"),
        ("--gifts-per-s", float, plan.gifts_per_s, "gifts a second, over all rooms"),
        ("--orders-per-s", float, plan.orders_per_s, "orders a second, over all rooms"),
        ("--duration", float, plan.duration_s, "seconds of sending"),
        ("--seed", int, plan.seed, "seed of the schedule"),
    ]


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
    shown = console()
    result = uvloop.run(run(plan, mint, shown))
    print_report(result, shown)
    if arguments.json:
        arguments.json.write_text(json.dumps(result.as_json(), indent=2) + "\n")
    return EXIT_FAIL if result.failures() else EXIT_PASS
