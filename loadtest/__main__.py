"""The command line, `loadtest COMMAND`: only here and in `cli` are exit codes known."""

import argparse
import sys

from .checkout.plan import BadPlan
from .cli import (
    audience,
    bench,
    checkout,
    compare,
    find_capacity,
    pages,
    preflight,
    report,
    run,
    selftest,
)
from .cli.common import (
    EXIT_CONFIGURATION,
    EXIT_INTERRUPTED,
    EXIT_UNREACHABLE,
    BadUsage,
)
from .client.api import Refusal, Unreachable
from .client.credentials import NoSecret
from .process import TooFewFiles
from .scenario.model import BadScenario

COMMANDS = (
    *(preflight, run, find_capacity, compare, report, selftest),
    *(checkout, bench, pages, audience),
)
_DESCRIPTION = """\
Load-test a livesrv server over its wire, and check that nothing was lost.
"""


def main() -> None:
    arguments = _parser().parse_args()
    try:
        sys.exit(arguments.command(arguments))
    except (BadUsage, BadPlan, BadScenario, NoSecret, TooFewFiles, Refusal) as error:
        sys.exit(_complain(error, EXIT_CONFIGURATION))
    except Unreachable as error:
        sys.exit(_complain(error, EXIT_UNREACHABLE))
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="loadtest", description=_DESCRIPTION)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add(commands)
    return parser


def _complain(error: Exception, exit_code: int) -> int:
    print(f"loadtest: {error}", file=sys.stderr)
    return exit_code


if __name__ == "__main__":
    main()
