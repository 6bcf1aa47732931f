"""What several commands share: options, exit codes, the console, the server's secret."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

EXIT_PASS, EXIT_FAIL, EXIT_CONFIGURATION, EXIT_INVALID, EXIT_UNREACHABLE = range(5)
EXIT_INTERRUPTED = 130
URL_DEFAULT = "http://127.0.0.1:8080"
REPORT_COLUMNS = 120
"""Width where output is not a terminal."""

EXIT_CODES = """
exit codes:
  0  every objective met
  1  an objective missed
  2  wrong usage, a scenario that cannot be, no secret, or a refused preparation
  3  invalid: the generator, not the server, may have been what was measured
  4  the server cannot be reached
"""
SECRET_HELP = """
The server's secret signs the users' tokens. It is taken from LIVESRV_JWT_SECRET, else from
DIR/secret, where DIR is --data-dir, else DATA_DIR of the environment, else, for a server on this
machine, what the server itself announced, else .livesrv.
"""

Number = tuple[str, type, float | None, str]
"""Flag, type, default, help."""


class BadUsage(ValueError):
    """An argument cannot be; the message says what would be right."""


def add_command(
    commands: Any, name: str, text: str, description: str, epilog: str
) -> argparse.ArgumentParser:
    """A command whose `--help` is a short manual."""
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=text,
        description=description,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    return parser


def add_server(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--url", default=URL_DEFAULT, help="the server (default: %(default)s)")
    parser.add_argument("--data-dir", type=Path, metavar="DIR", help="the server's data directory")


def add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the result as JSON")


def add_numbers(parser: argparse.ArgumentParser, numbers: Sequence[Number]) -> None:
    for flag, kind, default, text in numbers:
        shown = "80%% of the first phase's rate" if default is None else "%(default)s"
        text = f"{text} (default: {shown})"
        parser.add_argument(flag, type=kind, default=default, metavar="N", help=text)


def console() -> Console:
    is_terminal = sys.stdout.isatty()
    return Console(width=None if is_terminal else REPORT_COLUMNS, highlight=False)
