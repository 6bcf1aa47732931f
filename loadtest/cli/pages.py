"""`loadtest pages`."""

import argparse
import json
import os
from typing import Any
from urllib.parse import urlsplit

import uvloop

from ..client.credentials import find_secret
from ..pages.chromium import NoBrowser, find
from ..pages.plan import SECTIONS, PagesPlan
from ..pages.report import as_json, is_passed, print_findings
from ..pages.run import run
from ..record.machine import read_machine
from .common import (
    EXIT_FAIL,
    EXIT_PASS,
    SECRET_HELP,
    BadUsage,
    add_command,
    add_json,
    add_numbers,
    add_server,
    console,
)
from .playing import require

_DESCRIPTION = """\
Measures what the pages cost a viewer's line and phone, with a real Chromium and a running server:
how heavy they are (weight), how long one waits for the first comment on a thin line (3g), what a
minute costs with and without the data saver (bytes), how smooth the room stays at 200 comments a
second beside an empty page (frames), and whether its memory stays the same (memory). People of our
own talk in rooms of our own; all that the browser sends and receives goes through a proxy that
counts it, and is as thin a line as it is told to be.
"""
_EPILOG = """\
example:
  livesrv serve --data-dir /tmp/show &
  loadtest pages --data-dir /tmp/show --json pages.json
  loadtest pages --data-dir /tmp/show --only weight,frames --seconds 20

All of it takes some 17 minutes, 11 of them for the memory. Needs Chromium, and Playwright
(pip install 'livesrv[browser]'). On a machine that does something else as well, frames say little:
look at what the empty page reached.
"""
_EXIT_CODES = """
exit codes:
  0  every limit met
  1  a limit missed, or a section that could not be measured
  2  wrong usage, no secret, no browser, or the server refused the preparation
  4  the server cannot be reached
"""


def add(commands: Any) -> None:
    parser = add_command(
        commands,
        "pages",
        "weight, first sight, bytes a minute, frames and memory of the pages",
        _DESCRIPTION,
        _EPILOG + SECRET_HELP + _EXIT_CODES,
    )
    parser.set_defaults(command=_pages)
    add_server(parser)
    parser.add_argument(
        "--only",
        type=lambda words: tuple(words.split(",")),
        default=SECTIONS,
        metavar="A,B",
        help=f"only these sections (there are {', '.join(SECTIONS)})",
    )
    plan = PagesPlan("")
    add_numbers(
        parser,
        [
            ("--seconds", float, plan.seconds, "seconds of frames, and of bytes each way"),
            ("--minutes", float, plan.minutes, "minutes of memory"),
            ("--visits", int, plan.visits, "visits over each thin line"),
            ("--comments-per-s", float, plan.comments_per_s, "comments of frames and memory"),
        ],
    )
    add_json(parser)


def _pages(arguments: argparse.Namespace) -> int:
    plan = _plan(arguments)
    mint = find_secret(plan.url, arguments.data_dir, os.environ)
    shown, machine = console(), read_machine()
    try:
        find()
    except NoBrowser as error:
        raise BadUsage(str(error)) from error
    found = uvloop.run(run(plan, mint, shown))
    print_findings(found, machine, shown)
    if arguments.json:
        arguments.json.write_text(json.dumps(as_json(found, machine), indent=2) + "\n")
    return EXIT_PASS if is_passed(found) else EXIT_FAIL


def _plan(arguments: argparse.Namespace) -> PagesPlan:
    unknown = [name for name in arguments.only if name not in SECTIONS]
    if unknown:
        raise BadUsage(f"--only: no section {', '.join(unknown)}; there are {', '.join(SECTIONS)}")
    parts = urlsplit(arguments.url)
    is_web = parts.scheme in ("http", "https") and bool(parts.hostname)
    require("--url", is_web, arguments.url, "http://HOST or https://HOST, with a port if needed")
    require("--seconds", 1 <= arguments.seconds <= 3_600, arguments.seconds, "1 to 3,600")
    require("--minutes", 0.05 <= arguments.minutes <= 600, arguments.minutes, "0.05 to 600")
    require("--visits", 1 <= arguments.visits <= 100, arguments.visits, "1 to 100")
    per_s = arguments.comments_per_s
    require("--comments-per-s", 1 <= per_s <= 400, per_s, "1 to 400")
    return PagesPlan(
        arguments.url,
        arguments.only,
        arguments.seconds,
        arguments.minutes,
        arguments.visits,
        per_s,
    )
