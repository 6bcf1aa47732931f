"""`loadtest audience`."""

import argparse
import os
import random
from typing import Any

import uvloop

from ..client.credentials import find_secret
from ..crowd.crowd import VIEWERS_MAX, Invitation
from ..crowd.run import RealMoney, visit
from .common import EXIT_PASS, SECRET_HELP, BadUsage, add_command, add_server
from .playing import require

VIEWERS_MIN = 2
SECONDS_MAX = 86_400.0

_DESCRIPTION = """\
Plays an audience into a room that somebody else has opened: people come, say hello, like, send
gifts in combos, ask about what is pinned and buy it while there is some, with play money. They
leave when the show ends, when time is up, or when told to (Ctrl-C, SIGTERM). Nothing is measured.
"""
_EPILOG = """\
example:
  livesrv demo &
  loadtest audience orchard --viewers 50

The server must be a demo or a rehearsal, because the audience's wallets are filled up with money
that nobody paid. The same people come again and again, so that there are only so many accounts;
the same --seed makes them behave alike.
"""
_EXIT_CODES = """
exit codes:
  0  they have been there
  2  wrong usage, no such room, no secret, or a server where money is real
  4  the server cannot be reached
"""


def add(commands: Any) -> None:
    parser = add_command(
        commands,
        "audience",
        "play an audience into somebody's show",
        _DESCRIPTION,
        _EPILOG + SECRET_HELP + _EXIT_CODES,
    )
    parser.set_defaults(command=_audience)
    parser.add_argument("room", metavar="ROOM", help="the room's id")
    add_server(parser)
    for flag, kind, default, text in (
        ("--viewers", int, 30, f"people, {VIEWERS_MIN} to {VIEWERS_MAX}"),
        ("--seconds", float, 600.0, "how long they stay at most"),
    ):
        shown = f"{text} (default: %(default)s)"
        parser.add_argument(flag, type=kind, default=default, metavar="N", help=shown)
    parser.add_argument("--seed", type=int, metavar="N", help="of what they do (default: any)")
    parser.add_argument(
        "--real-books", action="store_true", help="come even where money is real, and spend"
    )


def _audience(arguments: argparse.Namespace) -> int:
    viewers, seconds = arguments.viewers, arguments.seconds
    require("--viewers", VIEWERS_MIN <= viewers <= VIEWERS_MAX, viewers, f"2 to {VIEWERS_MAX}")
    require("--seconds", 0 < seconds <= SECONDS_MAX, seconds, f"over 0, up to {SECONDS_MAX:g}")
    seed = random.getrandbits(32) if arguments.seed is None else arguments.seed
    invitation = Invitation(arguments.url, arguments.room, viewers, seconds, seed)
    mint = find_secret(arguments.url, arguments.data_dir, os.environ)
    try:
        done = uvloop.run(visit(invitation, mint, is_real_allowed=arguments.real_books))
    except RealMoney as error:
        raise BadUsage(str(error)) from error
    what = ", ".join(f"{count} {name}" for name, count in sorted(done.items()))
    print(f"{viewers} were in {arguments.room}: {what or 'nothing happened'}; seed {seed}")
    return EXIT_PASS
