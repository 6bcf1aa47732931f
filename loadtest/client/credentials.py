"""Where the server's secret is, and tokens made with it.

Must not talk to the server. Invariant: a secret is only read from a place that the user named,
that is in the environment, or that a server of the same user announced in a directory which
nobody else can write.
"""

import json
import os
import stat
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import jwt

SECRET_VARIABLE = "LIVESRV_JWT_SECRET"
DATA_DIR_VARIABLE = "DATA_DIR"
DEFAULT_DATA_DIR = Path(".livesrv")
LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")
TOKEN_MARGIN_S = 3_600
"""A token outlives the run by this much: preparing, draining and reconciling take their time."""


class NoSecret(Exception):
    """The server's secret was not found."""


@dataclass(frozen=True)
class Mint:
    """Makes tokens. `found_in` says where the secret came from."""

    secret: str
    found_in: str

    def token(self, user: str, *roles: str, ttl_s: float, name: str | None = None) -> str:
        claims = {"sub": user, "roles": list(roles), "exp": int(time.time() + ttl_s)}
        return jwt.encode(claims | ({"name": name} if name else {}), self.secret, "HS256")


def find_secret(url: str, data_dir: Path | None, environment: Mapping[str, str]) -> Mint:
    """Look in the environment, then in the data directory. Raises `NoSecret`."""
    if secret := environment.get(SECRET_VARIABLE):
        return Mint(secret, f"environment variable {SECRET_VARIABLE}")
    directory = _data_dir(url, data_dir, environment)
    path = directory / "secret"
    try:
        return Mint(path.read_text().strip(), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise NoSecret(
            f"cannot read the server's secret from {path}: {error}.\n"
            f"Pass --data-dir DIR (the server's data directory), or set {DATA_DIR_VARIABLE}, "
            f"or set {SECRET_VARIABLE} to the secret itself."
        ) from error


def _data_dir(url: str, data_dir: Path | None, environment: Mapping[str, str]) -> Path:
    if data_dir is not None:
        return data_dir
    if named := environment.get(DATA_DIR_VARIABLE):
        return Path(named)
    return _announced(url) or DEFAULT_DATA_DIR


def _announced(url: str) -> Path | None:
    """The data directory that the server on a loopback port announced, if it did."""
    parts = urlsplit(url)
    if parts.hostname not in LOOPBACK_HOSTS:
        return None
    port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    directory = Path(tempfile.gettempdir()) / f"livesrv-{os.getuid()}"
    if not is_private(directory):
        return None
    try:
        announcement = json.loads((directory / f"{port}.json").read_text())
        return Path(announcement["data_dir"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def is_private(directory: Path) -> bool:
    """Whether it is a real directory that belongs to us and to which nobody else has access."""
    try:
        status = directory.lstat()
    except OSError:
        return False
    return (
        stat.S_ISDIR(status.st_mode)
        and status.st_uid == os.getuid()
        and stat.S_IMODE(status.st_mode) == 0o700
    )
