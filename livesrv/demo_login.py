"""The demo's login: anybody picks a name and a role, and gets play money.

Without `demo` it does not exist. Invariant: everybody who comes in is somebody new.
"""

import secrets
import time
import unicodedata
from typing import Literal

from aiohttp import web
from msgspec import Struct

from livesrv import auth
from livesrv.api import http
from livesrv.clock import now_ms
from livesrv.commerce import wallets
from livesrv.ledger.store import Ledger
from livesrv.limits import TokenBucket
from livesrv.refusal import Refused
from protocol.codes import ErrorCode
from protocol.messages import User

NAME_CHARS_MAX = 24
TOKEN_TTL_S = 12 * 3600
LOGINS_PER_S, LOGINS_BURST = 5, 50
"""Per worker: an audience that is told the URL all at once gets in, a loop does not."""
PLAY_MONEY = {"COIN": 2_500, "CNY": 500_00}
"""Enough for two rockets and a dozen boxes of peaches."""
NO_NAME_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Control characters, halves of characters, line and paragraph separators (Unicode 4.5)."""


class Login(Struct):
    """The body of `POST /demo/login`."""

    name: str
    role: Literal["viewer", "host", "ops"] = "viewer"


class LoggedIn(Struct):
    token: str
    user: User


class DemoLogin:
    """The login of one worker."""

    def __init__(self, secret: str, ledger: Ledger) -> None:
        self._secret = secret
        self._ledger = ledger
        self._logins = TokenBucket(LOGINS_PER_S, LOGINS_BURST, now_ms())

    def add_routes(self, router: web.UrlDispatcher) -> None:
        router.add_post("/demo/login", self._log_in)

    async def _log_in(self, request: web.Request) -> web.Response:
        """A token for somebody new, with play money for a viewer."""
        login = await http.body(request, Login)
        name = checked_name(login.name)
        wait_ms = self._logins.take(now_ms())
        if wait_ms:
            raise Refused(ErrorCode.RATE_LIMITED, "too many are coming in now", wait_ms)
        user = f"{login.role}-{secrets.token_hex(6)}"
        if login.role == "viewer":
            await self._give_play_money(user)
        answer = LoggedIn(self._mint(user, login.role, name), User(user, name, _badges(login)))
        response = http.json_answer(answer)
        response.headers["Cache-Control"] = "no-store"
        return response

    async def _give_play_money(self, user: str) -> None:
        for currency, amount_minor in PLAY_MONEY.items():
            await wallets.topup(
                self._ledger,
                user=user,
                amount_minor=amount_minor,
                currency=currency,
                key=f"play-{currency}",
            )

    def _mint(self, user: str, role: str, name: str) -> str:
        now_s = int(time.time())
        return auth.mint(self._secret, user, [role], ttl_s=TOKEN_TTL_S, now_s=now_s, name=name)


def checked_name(name: str) -> str:
    """The name as others will see it. Raises `Refused` `invalid`."""
    trimmed = name.strip()
    if not 1 <= len(trimmed) <= NAME_CHARS_MAX:
        rule = f"1-{NAME_CHARS_MAX} are allowed"
        raise Refused(ErrorCode.INVALID, f"name has {len(trimmed)} characters; {rule}")
    if any(unicodedata.category(char) in NO_NAME_CATEGORIES for char in trimmed):
        raise Refused(ErrorCode.INVALID, "name has a control character")
    return trimmed


def _badges(login: Login) -> list[str]:
    return [role for role in auth.BADGES if role == login.role]
