"""Endpoints of statements and takes.

Reading a journal would keep a worker's event loop from its rooms, so a process of its own does it:
the same command that a person may run, one at a time for each worker, with little patience. What
it prints is what is answered.
"""

import asyncio
import re
import sys
from collections.abc import Sequence
from subprocess import DEVNULL, PIPE, Popen
from tempfile import TemporaryFile

from aiohttp import web

from livesrv.auth import Principal
from livesrv.clock import now_ms
from livesrv.commerce.parties import require_ops
from livesrv.ledger.entry import PLATFORM
from livesrv.ledger.store import Unavailable
from livesrv.refusal import Refused
from livesrv.statement_formats import StatementView, TakeView
from livesrv.statements import PARTY_PATTERN, PLACE_MAX, accounts_of, is_own, iso, period
from protocol.codes import ErrorCode

from .desk import Desk
from .openapi import Route

READ_WITHIN_S = 30.0
WAITING_MAX = 4
"""How many may wait for one that is being read; more answer `busy`."""
BYTES_MAX = 16 * 2**20
"""Of one answer, which the worker holds in memory."""
PAGE_LINES, PAGE_LINES_MAX = 1_000, 10_000
FORMATS = {"json": "application/json", "csv": "text/csv"}
COMPLAINT_BYTES = 2_000
AWAY_STATUS = 4
"""With which our command line ends when a store or the archive is away."""


class StatementEndpoints:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._reader = Reader(desk.config.data_dir)
        self.routes = [
            Route(
                "GET",
                "/v1/statements/{account}",
                "the party and ops",
                self._statement,
                StatementView,
            ),
            Route("GET", "/v1/take", "ops", self._take, TakeView),
        ]

    async def _statement(self, request: web.Request) -> web.Response:
        user, account = self._desk.user(request), request.match_info["account"]
        try:
            accounts_of(account)
        except ValueError as error:
            raise Refused(ErrorCode.INVALID, f"account: {error}") from None
        if not is_own(account, user.user):
            require_ops(user)
        flags = [
            *_period_flags(request),
            f"--lines={_number(request, 'limit', str(PAGE_LINES), PAGE_LINES_MAX)}",
        ]
        if "cursor" in request.query:
            flags.append(f"--behind={_number(request, 'cursor', '', PLACE_MAX)}")
        return await self._answer(request, user, "statement", *flags, "--", account)

    async def _take(self, request: web.Request) -> web.Response:
        user, party = self._desk.ops(request), request.query.get("party", PLATFORM)
        if not re.match(PARTY_PATTERN, party):
            raise Refused(ErrorCode.INVALID, f"party is {party[:80]!r}; mei or {PLATFORM} is right")
        return await self._answer(
            request, user, "take", *_period_flags(request), f"--party={party}"
        )

    async def _answer(self, request: web.Request, user: Principal, *command: str) -> web.Response:
        format_ = request.query.get("format", "json")
        if format_ not in FORMATS:
            raise Refused(ErrorCode.INVALID, f"format is one of {', '.join(FORMATS)}")
        name, *flags = command
        content = await self._reader.read(user.user, name, f"--format={format_}", *flags)
        return web.Response(body=content, content_type=FORMATS[format_], charset="utf-8")


class Reader:
    """Runs our command line to read the journal, one after the other. Nobody waits twice."""

    def __init__(self, data_dir: str) -> None:
        self._data_dir = data_dir
        self._turn = asyncio.Lock()
        self._asking: set[str] = set()

    async def read(self, user: str, command: str, *flags: str) -> bytes:
        """What the command prints. Raises `Refused` and `Unavailable`."""
        if user in self._asking:
            raise Refused(ErrorCode.RATE_LIMITED, "a statement of yours is being made; one a time")
        if len(self._asking) > WAITING_MAX:
            raise Refused(ErrorCode.BUSY, "others are waiting for statements; try again soon")
        self._asking.add(user)
        try:
            async with asyncio.timeout(READ_WITHIN_S), self._turn:
                return await self._run(command, "--data-dir", self._data_dir, *flags)
        except TimeoutError:
            raise Refused(
                ErrorCode.BUSY,
                f"it takes more than {READ_WITHIN_S:g} s; ask for a shorter period",
            ) from None
        finally:
            self._asking.discard(user)

    async def _run(self, *command: str) -> bytes:
        starting = asyncio.create_task(asyncio.to_thread(Run, command))
        try:
            run = await asyncio.shield(starting)
        except asyncio.CancelledError:  # it starts all the same
            starting.add_done_callback(_end)
            raise
        try:
            return await asyncio.to_thread(run.printed)
        finally:
            run.kill()


class Run:
    """One run of our command line, behind all that serves (`nice` is a tool of POSIX).

    For threads, as it blocks: asyncio's own way to start a process copies a big worker's page
    tables first, and nobody has a turn for 20 ms.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self._complaints = TemporaryFile()  # noqa: SIM115 - `printed` closes it
        argv = ("nice", "-n", "10", sys.executable, "-m", "livesrv", *command)
        self._process = Popen(argv, stdin=DEVNULL, stdout=PIPE, stderr=self._complaints)

    def printed(self) -> bytes:
        """What it prints in all. Raises `Refused` where that is too much, and `Unavailable`."""
        assert self._process.stdout is not None
        with self._complaints, self._process:
            content = self._process.stdout.read(BYTES_MAX + 1)
            if len(content) > BYTES_MAX:
                self.kill()
                raise Refused(
                    ErrorCode.LIMIT_EXCEEDED,
                    f"the answer is over {BYTES_MAX} bytes; ask for a shorter period, or for less",
                )
            if status := self._process.wait():
                self._complaints.seek(0)
                complaint = self._complaints.read(COMPLAINT_BYTES).decode(errors="replace")
                if status == AWAY_STATUS:
                    raise Unavailable(complaint.strip())
                raise RuntimeError(f"a statement ended with {status}: {complaint}")
        return content

    def kill(self) -> None:
        """End it where it has not ended."""
        self._process.kill()

    def end(self) -> None:
        """The same, and wait until nothing is left of it."""
        self.kill()
        with self._complaints, self._process:
            pass


def _end(starting: "asyncio.Task[Run]") -> None:
    """Leave nothing of a run that started when nobody waited for it any more."""
    if not starting.cancelled() and not starting.exception():
        asyncio.get_running_loop().run_in_executor(None, starting.result().end)


def _period_flags(request: web.Request) -> list[str]:
    """The query's period and currency, as our command line takes them."""
    query = request.query
    try:
        found = period(query.get("from"), query.get("to"), now_ms())
    except ValueError as error:
        raise Refused(ErrorCode.INVALID, f"from, to: {error}") from None
    flags = [f"--from={iso(found.from_ms)}", f"--to={iso(found.to_ms)}"]
    if currency := query.get("currency", ""):
        if not re.fullmatch(r"[A-Z]{3}|COIN", currency):
            raise Refused(ErrorCode.INVALID, f"currency is {currency[:40]!r}; CNY or COIN is right")
        flags.append(f"--currency={currency}")
    return flags


def _number(request: web.Request, name: str, default: str, most: int) -> int:
    text = request.query.get(name, default)
    if not re.fullmatch(r"\d{1,15}", text, re.ASCII) or not 1 <= int(text) <= most:
        raise Refused(ErrorCode.INVALID, f"{name} is {text[:20]!r}; 1-{most} is right")
    return int(text)
