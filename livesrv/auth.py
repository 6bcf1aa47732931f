"""A token becomes a `Principal`: who is at the other end, and what they may be.

Must not know connections or rooms. Invariant: a `Principal` with a role came out of a token that
was signed with our secret and had not expired when it was read.
"""

import os
import secrets
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, get_args

import jwt
from msgspec import Struct, ValidationError, convert

from livesrv.config import ConfigError
from protocol.messages import Id, User

Role = Literal["viewer", "host", "moderator", "ops"]
ROLES: tuple[Role, ...] = get_args(Role)
BADGES: tuple[Role, ...] = ("host", "moderator", "ops")
"""Roles that others see beside a name."""
BUYER = "buyer"
"""The badge of those who have bought in the room; not a role, so no token can claim it."""
NAME_CHARS_MAX = 64
SECRET_CHARS_MIN = 32
"""HS256 wants a key of at least 256 bits (RFC 7518 section 3.2)."""
ALGORITHM = "HS256"
"""Fixed here and never read from a token: RFC 8725 section 3.1."""


class BadToken(Exception):
    """The token is not one of ours."""


class ExpiredToken(BadToken):
    """The token was ours, but its time is over."""


class Principal(Struct, frozen=True):
    """Somebody the server has recognised, or a guest. `expires_ms`: since the epoch, None never."""

    user: str
    name: str
    roles: frozenset[Role] = frozenset()
    expires_ms: int | None = None

    @property
    def is_guest(self) -> bool:
        return not self.roles

    def as_user(self, *, is_buyer: bool = False) -> User:
        """How others see them, in a room where they have bought or have not."""
        badges: list[str] = [role for role in BADGES if role in self.roles]
        return User(self.user, self.name, [*badges, BUYER] if is_buyer else badges)


class _Claims(Struct):
    """The claims we read, in the types we accept; others are ignored."""

    sub: Id
    exp: float
    roles: list[str] = []
    name: str = ""


def guest(session_id: str) -> Principal:
    user = f"guest-{session_id}"
    return Principal(user=user, name=user)


def mint(
    secret: str,
    user: str,
    roles: Iterable[str],
    *,
    ttl_s: int,
    now_s: int,
    name: str | None = None,
) -> str:
    """Make a token for `user` that expires `ttl_s` seconds after `now_s`.

    Raises `ValueError` when it would be a token that `verify` refuses or reads otherwise.
    """
    wanted = sorted(set(roles))
    unknown = [role for role in wanted if role not in ROLES]
    if unknown:
        raise ValueError(f"unknown role {unknown[0]!r}; the roles are {', '.join(ROLES)}")
    claims: dict[str, Any] = {
        "sub": _checked_id(user),
        "roles": wanted,
        "iat": now_s,
        "exp": now_s + ttl_s,
    }
    if name is not None:
        claims["name"] = _checked_name(name)
    return jwt.encode(claims, secret, algorithm=ALGORITHM)


def verify(secret: str, token: str) -> Principal:
    """Read a token. Roles we do not know are ignored. Raises `ExpiredToken` or `BadToken`."""
    claims = _claims(secret, token)
    try:
        name = _checked_name(claims.name) or claims.sub
    except ValueError as error:
        raise BadToken(str(error)) from error
    roles = frozenset(role for role in ROLES if role in claims.roles)
    if not roles:
        raise BadToken(f"the token has none of the roles {', '.join(ROLES)}")
    return Principal(user=claims.sub, name=name, roles=roles, expires_ms=int(claims.exp * 1000))


def secret(data_dir: Path, configured: str | None) -> str:
    """The key that signs tokens: the configured one, else DATA_DIR/secret, made on first use."""
    if configured is not None:
        return _long_enough(configured, "jwt_secret")
    path = data_dir / "secret"
    if not path.exists():
        _create_once(path, secrets.token_hex(32))
    return _long_enough(path.read_text(encoding="ascii").strip(), str(path))


def _claims(secret: str, token: str) -> _Claims:
    try:
        # `iat` is not judged: an issuer's clock a second ahead of ours must lock nobody out.
        options: Any = {"require": ["exp", "sub"], "verify_iat": False}
        payload = jwt.decode(token, secret, algorithms=[ALGORITHM], options=options)
        return convert(payload, _Claims)
    except jwt.ExpiredSignatureError as error:
        raise ExpiredToken("the token has expired") from error
    except ValidationError as error:
        raise BadToken(f"the token's claims are not valid: {error}") from error
    except (jwt.PyJWTError, ValueError, OverflowError, RecursionError) as error:
        # PyJWT parses the header before it checks the signature, so a stranger chooses what is
        # parsed: lone surrogates and a thousand nested brackets end here too.
        raise BadToken(f"the token is not valid: {type(error).__name__}") from error


def _checked_id(user: str) -> str:
    try:
        return convert(user, Id)
    except ValidationError:
        rule = "1-64 characters of A-Z a-z 0-9 _ -"
        raise ValueError(f"user {user!r} is not an id: {rule}") from None


def _checked_name(name: str) -> str:
    stripped = name.strip()
    if len(stripped) > NAME_CHARS_MAX:
        raise ValueError(f"a name of {len(stripped)} characters; at most {NAME_CHARS_MAX}")
    return stripped


def _long_enough(key: str, where: str) -> str:
    if len(key) < SECRET_CHARS_MIN:
        raise ConfigError(f"{where}: {len(key)} characters; at least {SECRET_CHARS_MIN}")
    return key


def _create_once(path: Path, text: str) -> None:
    """Create `path` with `text`, whole or not at all; whoever comes second leaves it as it is.

    The link is what decides: O_EXCL on `path` itself would let the loser read an empty file.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=".secret-")  # O_EXCL, mode 0600
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        path.hardlink_to(draft)
    except FileExistsError:
        pass
    finally:
        Path(draft).unlink()
