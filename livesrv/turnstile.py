"""What stands in front of both doors of a worker: who is it, counted as whom, and is it too much.

Must not know what is asked for. Invariant: what is over budget is answered before its body is read.
"""

import logging
from collections.abc import Awaitable, Callable

from aiohttp import hdrs, web

from livesrv.addresses import client_address, is_trusted, networks
from livesrv.api.http import problem
from livesrv.budgets import Budgets, Headcount
from livesrv.clock import now_ms
from livesrv.config import Config
from livesrv.limits import Admission
from livesrv.tally import DoorTally
from protocol.codes import HTTP_STATUS, ErrorCode

SIGNS_OF_A_PROXY = (hdrs.X_FORWARDED_FOR, hdrs.FORWARDED, hdrs.VIA, "X-Real-IP")
SUSPECT_EVERY_MS = 60_000
FILES = "/assets/"
FILES_A_REQUEST = 8
"""A page's files lie ready in memory, and a first visit asks for some forty of them: they have a
budget of their own, so many times as large."""

log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Turnstile:
    """The budgets of one worker; those of connections, users and rooms are for its doors to ask."""

    def __init__(self, config: Config, tally: DoorTally) -> None:
        self.admission = Admission(config.handshakes_per_s, config.handshakes_burst, now_ms())
        self.connections = Headcount(config.connections_per_address_max)
        self._user_commands = Budgets(config.user_commands_per_s, config.user_commands_burst)
        self._user_comments = Budgets(config.user_comments_per_s, config.user_comments_burst)
        self._room_comments = Budgets(config.room_comments_per_s, config.room_comments_per_s)
        per_s, burst = config.address_requests_per_s, config.address_requests_burst
        self._requests = Budgets(per_s, burst)
        self._files = Budgets(per_s * FILES_A_REQUEST, burst * FILES_A_REQUEST)
        self._trusted = networks(config.trusted_proxies)
        self._tally = tally
        self._suspected_at_ms = 0

    def address(self, request: web.Request) -> str | None:
        """What this request and its connection are budgeted under; None: under nothing."""
        forwarded_for = ",".join(request.headers.getall(hdrs.X_FORWARDED_FOR, ()))
        return client_address(request.remote, forwarded_for, self._trusted)

    def is_ours(self, request: web.Request) -> bool:
        """Whether a machine of ours asks for itself, and does not pass on what others ask."""
        return is_trusted(request.remote, self._trusted) and not self._is_passed_on(request)

    def command(self, user: str, now_ms: int) -> int:
        """0, or how many milliseconds a user's next command is too early."""
        wait_ms = self._user_commands.take(user, now_ms)
        return self._noted("user_commands_per_s", wait_ms)

    def comment(self, user: str, room: str, now_ms: int) -> int:
        """0, or how many milliseconds a comment is too early for its user or its room."""
        if wait_ms := self._user_comments.take(user, now_ms):
            return self._noted("user_comments_per_s", wait_ms)
        return self._noted("room_comments_per_s", self._room_comments.take(room, now_ms))

    def _noted(self, setting: str, wait_ms: int) -> int:
        if wait_ms:
            self._tally.over_budget[setting] += 1
        return wait_ms

    @web.middleware
    async def count(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Ask the address's budget, for handshakes too, and note how each request was answered."""
        budgets = self._files if request.path.startswith(FILES) else self._requests
        wait_ms = budgets.take(self.address(request), now_ms())
        response = self._too_many(request, wait_ms) if wait_ms else await handler(request)
        self._tally.requests[response.status] += 1
        return response

    def _too_many(self, request: web.Request, wait_ms: int) -> web.Response:
        self._suspect_proxy(request)
        self._tally.over_budget["address_requests_per_s"] += 1
        self._tally.errors[ErrorCode.RATE_LIMITED] += 1
        return problem(
            HTTP_STATUS[ErrorCode.RATE_LIMITED],
            ErrorCode.RATE_LIMITED,
            "too many requests from your address",
            wait_ms,
        )

    def _suspect_proxy(self, request: web.Request) -> None:
        """Say, not too often, where a proxy nobody told us of may be counted as all its clients."""
        is_due = now_ms() - self._suspected_at_ms >= SUSPECT_EVERY_MS
        if is_due and self._is_passed_on(request) and not is_trusted(request.remote, self._trusted):
            self._suspected_at_ms = now_ms()
            log.warning(
                "%s is over its budget and passes on requests of others; "
                "if it is your proxy, add it to trusted_proxies",
                request.remote,
            )

    def _is_passed_on(self, request: web.Request) -> bool:
        return any(name in request.headers for name in SIGNS_OF_A_PROXY)
