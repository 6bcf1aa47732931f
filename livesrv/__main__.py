"""The command line: what may be said to `livesrv`, and how it answers when it cannot.

Exit status: 0 done · 1 failed, or an audit found a breach · 2 usage or configuration
· 4 a store or the archive is away or not fit · 130 interrupted.
"""

import argparse
import functools
import logging
import os
import sys
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

import uvloop

from livesrv import __version__, auth, cli, cli_provider, cli_record, cli_statements, config
from livesrv.config import Config, ConfigError
from livesrv.datadir import DataDirError
from livesrv.ledger.about import Mismatch
from livesrv.ledger.segment import ArchiveError
from livesrv.ledger.store import Unavailable
from livesrv.recording import CannotRecord
from livesrv.refusal import Refused
from livesrv.stores import StoreError
from livesrv.supervisor import PortError, SetupError

Command = Callable[[Config, argparse.Namespace], Coroutine[Any, Any, int]]

EXPLAINED = (
    ArchiveError,
    CannotRecord,
    ConfigError,
    DataDirError,
    Mismatch,
    Refused,
    SetupError,
    StoreError,
    Unavailable,
)
"""What a person is told in one line; anything else is our bug and keeps its traceback."""

EXAMPLES = """examples:
  livesrv demo                              a server with a show on it; open the URL it prints
  livesrv serve --port 8080 --workers 2     a server
  livesrv token --user lan --role viewer    a token for client.js, curl or the load test
  livesrv topup --user lan --amount-minor 50000 --currency CNY --key t1
  livesrv audit                             does every number follow from the journal?
  livesrv statement mei                     what moved mei's money this month, to the cent
  livesrv take --from 2026-11-01            what the platform took, by room and day
  livesrv archive                           bring the whole journal into the archive now
  livesrv rebuild                           make a lost ledger again from its archive
  livesrv provider                          play the payment provider that orders are paid at
  livesrv record orchard                    write down when what happens, for the load test

`livesrv COMMAND --help` tells more. Without --data-dir all of them use ./.livesrv.
"""
SETTINGS = """Settings come from flags, else from the environment (LIVESRV_PORT=8080; lists and
maps in JSON), else from the TOML file of --config (port = 8080), else these defaults hold:
"""
REBUILT = """The ledger is then as the archive ends: what was posted after the last seal
is lost, and which keys were refused is forgotten. Stop the server first. With
--into, the server that will use that store needs the archive too, in its
DATA_DIR/archive.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return the exit status."""
    flags = parser().parse_args(argv)
    settings = {name: getattr(flags, name) for name in config.TYPES if hasattr(flags, name)}
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    try:
        resolved = config.load(flags.config, os.environ, settings)
        command: Command = flags.command
        return uvloop.run(command(resolved, flags))
    except EXPLAINED as error:
        print(f"livesrv: {error}", file=sys.stderr)
        return _exit_status(error)
    except BrokenPipeError:  # whoever read what we print has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return 130


def parser() -> argparse.ArgumentParser:
    root = argparse.ArgumentParser(
        prog="livesrv",
        description="A real-time server for live-stream commerce.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    root.add_argument("--version", action="version", version=f"livesrv {__version__}")
    commands = root.add_subparsers(required=True, metavar="COMMAND")
    add = functools.partial(_add, commands)
    for name, summary, command in (
        ("serve", "run a server until Ctrl-C", cli.serve),
        ("demo", "run a server with a show on it", cli.demo),
    ):
        _add_server_flags(add(name, summary, command, f"livesrv {name} --port 8080"))
    _add_token_flags(
        add("token", "make a token", cli.token, "livesrv token --user mei --role host")
    )
    _add_topup_flags(
        add(
            "topup",
            "put money from outside into a wallet, running server or not",
            cli.topup,
            "livesrv topup --user lan --amount-minor 500 --currency COIN --key t1",
        )
    )
    cli_provider.add_provider_flags(
        add(
            "provider",
            "play the payment provider that orders are paid at, to try it out",
            cli_provider.provider,
            "livesrv provider --port 9009 --url http://127.0.0.1:8080",
        )
    )
    cli_record.add_record_flags(
        add(
            "record",
            "write down what happens in a running room, without names, for the load test",
            cli_record.record,
            "livesrv record orchard --seconds 600 --out show.jsonl",
        )
    )
    _add_commands_for_books(add)
    return root


def _add_commands_for_books(add: "functools.partial[argparse.ArgumentParser]") -> None:
    """What looks at the books, and what keeps them."""
    audit = add(
        "audit",
        "replay archive and journal and compare",
        cli.audited,
        "livesrv audit --json | jq .clean",
    )
    audit.add_argument("--json", action="store_true", help="print JSON")
    audit.add_argument("--archive", metavar="DIR", help="the archive (default: DATA_DIR/archive)")
    add(
        "resume",
        "let money move again that the live audit has stopped, if the books are clean",
        cli.resumed,
        "livesrv resume --data-dir /var/lib/livesrv",
    )
    cli_statements.add_statement_flags(
        add(
            "statement",
            "print what moved an account, running server or not",
            cli_statements.statement,
            "livesrv statement mei --from 2026-11-01 --to 2026-12-01 --format csv > mei.csv",
        )
    )
    cli_statements.add_take_flags(
        add(
            "take",
            "print what the platform took, by room and day",
            cli_statements.take,
            "livesrv take --from 2026-11-01 --to 2026-12-01",
        )
    )
    add(
        "archive",
        "seal the journal up to now in DATA_DIR/archive, running server or not",
        cli.archived,
        "livesrv archive --data-dir /var/lib/livesrv",
    )
    _add_rebuild_flags(
        add(
            "rebuild",
            "make a lost ledger again from its archive, in an empty store",
            cli.rebuilt,
            "livesrv rebuild --from /backup/archive --data-dir /var/lib/livesrv",
        )
    )


def _add(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    summary: str,
    command: Command,
    example: str,
) -> argparse.ArgumentParser:
    added = commands.add_parser(
        name,
        help=summary,
        description=summary[0].upper() + summary[1:] + ".",
        epilog=f"example: {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    added.set_defaults(command=command)
    added.add_argument("--config", type=Path, metavar="FILE", help="a TOML file with settings")
    added.add_argument("--data-dir", metavar="DIR", help=config.description("data_dir"))
    return added


def _add_server_flags(added: argparse.ArgumentParser) -> None:
    for name, metavar in (("host", "ADDRESS"), ("port", "N"), ("workers", "N")):
        added.add_argument(f"--{name}", metavar=metavar, help=config.description(name))
    known = "\n".join(f"  {name:<28}{config.description(name)}" for name in config.TYPES)
    added.epilog = f"{added.epilog}\n\n{SETTINGS}{known}"


def _add_token_flags(added: argparse.ArgumentParser) -> None:
    added.add_argument("--user", required=True, metavar="ID", help="who it is for")
    added.add_argument(
        "--role", required=True, action="append", choices=auth.ROLES, help="may be given again"
    )
    added.add_argument("--name", help="what others see (default: the id)")
    added.add_argument(
        "--ttl-h", type=float, default=12, metavar="H", help="hours it is valid (12)"
    )


def _add_topup_flags(added: argparse.ArgumentParser) -> None:
    added.add_argument("--user", required=True, metavar="ID", help="whose wallet")
    added.add_argument("--amount-minor", required=True, type=int, metavar="N", help="in its cents")
    added.add_argument("--currency", required=True, metavar="CODE", help="ISO 4217, or COIN")
    added.add_argument("--key", help="the same key adds only once (default: a new one)")


def _add_rebuild_flags(added: argparse.ArgumentParser) -> None:
    added.description = f"{added.description}\n\n{REBUILT}"
    added.add_argument(
        "--from", dest="source", metavar="DIR", help="the archive (default: DATA_DIR/archive)"
    )
    added.add_argument(
        "--into",
        metavar="URL",
        help="an empty store (default: ledger_url, else the embedded one of DATA_DIR)",
    )


def _exit_status(error: BaseException | None) -> int:
    if isinstance(error, SetupError):
        return _exit_status(error.__cause__)
    if isinstance(error, ConfigError | DataDirError | PortError):
        return 2
    return 4 if isinstance(error, ArchiveError | StoreError | Unavailable) else 1


if __name__ == "__main__":
    sys.exit(main())
