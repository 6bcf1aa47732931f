"""The page at `/`: its files, and the play-money login of the demo.

Must not know rooms or connections: the page itself speaks the wire, like any other client.
Invariant: nothing a page loads comes from anywhere else or is written into it, and the policy
sent along makes browsers hold us to that. Without `demo`, `/demo/login` does not exist.
"""

import gzip
import hashlib
import secrets
import time
import unicodedata
from collections.abc import Awaitable, Callable
from importlib import resources
from pathlib import PurePath
from typing import Literal

import msgspec
from aiohttp import web
from msgspec import Struct

from livesrv import auth
from livesrv.clock import now_ms
from livesrv.commerce import wallets
from livesrv.config import Config
from livesrv.ledger.store import Ledger
from livesrv.limits import TokenBucket
from livesrv.refusal import Refused
from protocol.codes import ErrorCode
from protocol.messages import User

CONTENT_TYPES = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self' ws: wss:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'"
)
HEADERS = {
    "Cache-Control": "no-cache",  # keep it, but ask whether it is still the one: 304 and no body
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "Vary": "Accept-Encoding",
    "X-Content-Type-Options": "nosniff",
}
DEMO_OFF, DEMO_ON = b'data-demo="no"', b'data-demo="yes"'
"""How `index.html` says whether there is a demo login."""

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
    role: Literal["viewer", "host"] = "viewer"


class LoggedIn(Struct):
    token: str
    user: User


class Asset(Struct, frozen=True):
    """A file as it is sent, both ways."""

    content_type: str
    plain: bytes
    gzipped: bytes
    etag: str


class Pages:
    """The page's files, read and compressed once; and the demo login of one worker."""

    def __init__(self, config: Config, secret: str, ledger: Ledger) -> None:
        self._config = config
        self._secret = secret
        self._ledger = ledger
        self._logins = TokenBucket(LOGINS_PER_S, LOGINS_BURST, now_ms())

    def add_routes(self, router: web.UrlDispatcher) -> None:
        for name, asset in load(is_demo=self._config.demo).items():
            router.add_get("/" if name == "index.html" else f"/{name}", _serving(asset))
        if self._config.demo:
            router.add_post("/demo/login", self._log_in)

    async def _log_in(self, request: web.Request) -> web.Response:
        """A token for somebody new, with play money for a viewer."""
        login = _login(await request.read())
        name = checked_name(login.name)
        wait_ms = self._logins.take(now_ms())
        if wait_ms:
            raise Refused(ErrorCode.RATE_LIMITED, "too many are coming in now", wait_ms)
        user = f"{login.role}-{secrets.token_hex(6)}"
        if login.role == "viewer":
            await self._give_play_money(user)
        answer = LoggedIn(self._mint(user, login.role, name), User(user, name, _badges(login)))
        return web.Response(
            body=msgspec.json.encode(answer),
            content_type="application/json",
            headers={"Cache-Control": "no-store"},
        )

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


def load(*, is_demo: bool) -> dict[str, Asset]:
    """Every file of the page by its name."""
    files = (resources.files("livesrv") / "web").iterdir()
    contents = {file.name: file.read_bytes() for file in files if _suffix(file.name)}
    if is_demo:
        contents["index.html"] = contents["index.html"].replace(DEMO_OFF, DEMO_ON)
    return {name: _asset(name, content) for name, content in contents.items()}


def checked_name(name: str) -> str:
    """The name as others will see it. Raises `Refused` `invalid`."""
    trimmed = name.strip()
    if not 1 <= len(trimmed) <= NAME_CHARS_MAX:
        rule = f"1-{NAME_CHARS_MAX} are allowed"
        raise Refused(ErrorCode.INVALID, f"name has {len(trimmed)} characters; {rule}")
    if any(unicodedata.category(char) in NO_NAME_CATEGORIES for char in trimmed):
        raise Refused(ErrorCode.INVALID, "name has a control character")
    return trimmed


def accepts_gzip(accept_encoding: str) -> bool:
    for coding in accept_encoding.lower().replace(" ", "").split(","):
        name, _, weight = coding.partition(";q=")
        if name == "gzip" and (not weight or weight.strip("0.")):
            return True
    return False


def _login(body: bytes) -> Login:
    try:
        return msgspec.json.decode(body, type=Login)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Refused(ErrorCode.INVALID, f"the body is not valid: {error}") from None


def _badges(login: Login) -> list[str]:
    return [role for role in auth.BADGES if role == login.role]


def _suffix(name: str) -> str | None:
    suffix = PurePath(name).suffix
    return suffix if suffix in CONTENT_TYPES else None


def _asset(name: str, content: bytes) -> Asset:
    return Asset(
        content_type=CONTENT_TYPES[PurePath(name).suffix],
        plain=content,
        gzipped=gzip.compress(content, mtime=0),
        etag=hashlib.blake2b(content, digest_size=12).hexdigest(),
    )


def _serving(asset: Asset) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def serve(request: web.Request) -> web.Response:
        is_gzip = accepts_gzip(request.headers.get("Accept-Encoding", ""))
        etag = f"{asset.etag}-gz" if is_gzip else asset.etag
        if any(known.value == etag for known in request.if_none_match or ()):
            return _answer(etag, status=304)
        body = asset.gzipped if is_gzip else asset.plain
        response = _answer(etag, body=body, content_type=asset.content_type, charset="utf-8")
        if is_gzip:
            response.headers["Content-Encoding"] = "gzip"
        return response

    return serve


def _answer(
    etag: str,
    *,
    status: int = 200,
    body: bytes | None = None,
    content_type: str | None = None,
    charset: str | None = None,
) -> web.Response:
    response = web.Response(
        status=status, body=body, content_type=content_type, charset=charset, headers=HEADERS
    )
    response.etag = etag
    return response
