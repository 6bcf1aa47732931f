"""Tokens: what becomes a principal, and what does not."""

import base64
import json
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import jwt
import pytest

from livesrv import auth
from livesrv.auth import BadToken, ExpiredToken, Principal
from livesrv.config import ConfigError

SECRET = "a secret of more than thirty-two characters"
OTHER = "another one of more than thirty-two characters"
NOW_S = int(time.time())


def signed(secret: str = SECRET, algorithm: str = "HS256", **claims: Any) -> str:
    usual = {"sub": "lan", "roles": ["viewer"], "exp": NOW_S + 3600}
    return jwt.encode(usual | claims, secret, algorithm=algorithm)


def test_token_round_trip() -> None:
    token = auth.mint(SECRET, "lan", ["ops", "viewer"], ttl_s=3600, now_s=NOW_S, name=" Lan ")
    assert auth.verify(SECRET, token) == Principal(
        user="lan",
        name="Lan",
        roles=frozenset({"viewer", "ops"}),
        expires_ms=(NOW_S + 3600) * 1000,
    )


def test_name_defaults_to_the_user() -> None:
    assert auth.verify(SECRET, signed()).name == "lan"
    assert auth.verify(SECRET, signed(name="  ")).name == "lan"


def test_guest_has_no_roles_and_does_not_expire() -> None:
    guest = auth.guest("w0-2f")
    assert guest == Principal(user="guest-w0-2f", name="guest-w0-2f")
    assert guest.is_guest
    assert not auth.verify(SECRET, signed(roles=["viewer"])).is_guest


@pytest.mark.parametrize("roles", [[], ["king"]])
def test_token_without_a_role_we_know_is_refused(roles: list[str]) -> None:
    with pytest.raises(BadToken, match="none of the roles"):
        auth.verify(SECRET, signed(roles=roles))


def test_unknown_role_in_a_token_is_ignored() -> None:
    assert auth.verify(SECRET, signed(roles=["viewer", "emperor"])).roles == {"viewer"}


def test_unknown_role_is_not_minted() -> None:
    with pytest.raises(ValueError, match="unknown role 'emperor'; the roles are viewer, host"):
        auth.mint(SECRET, "lan", ["emperor"], ttl_s=3600, now_s=NOW_S)


@pytest.mark.parametrize("user", ["", "a b", "lan\n", "x" * 65, "张"])
def test_user_that_is_no_id_is_neither_minted_nor_verified(user: str) -> None:
    with pytest.raises(ValueError, match="is not an id: 1-64 characters"):
        auth.mint(SECRET, user, ["viewer"], ttl_s=3600, now_s=NOW_S)
    with pytest.raises(BadToken):
        auth.verify(SECRET, signed(sub=user))


def test_expired_token_is_told_apart() -> None:
    token = auth.mint(SECRET, "lan", ["viewer"], ttl_s=60, now_s=NOW_S - 61)
    with pytest.raises(ExpiredToken, match="expired"):
        auth.verify(SECRET, token)


def test_issuer_with_a_clock_ahead_of_ours_is_believed() -> None:
    assert auth.verify(SECRET, signed(iat=NOW_S + 30)).user == "lan"


def test_signature_of_another_secret_is_refused_even_when_expired() -> None:
    with pytest.raises(BadToken) as caught:
        auth.verify(SECRET, signed(OTHER, exp=NOW_S - 60))
    assert not isinstance(caught.value, ExpiredToken)


def test_unsigned_token_is_refused() -> None:
    unsigned = jwt.encode({"sub": "lan", "exp": NOW_S + 3600}, None, algorithm="none")
    with pytest.raises(BadToken):
        auth.verify(SECRET, unsigned)


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_token_does_not_choose_its_algorithm(algorithm: str) -> None:
    long_enough = SECRET * 2
    with pytest.raises(BadToken):
        auth.verify(long_enough, signed(long_enough, algorithm))


@pytest.mark.parametrize("missing", ["sub", "exp"])
def test_token_without_subject_or_expiry_is_refused(missing: str) -> None:
    claims = {"sub": "lan", "exp": NOW_S + 3600}
    del claims[missing]
    with pytest.raises(BadToken):
        auth.verify(SECRET, jwt.encode(claims, SECRET, algorithm="HS256"))


@pytest.mark.parametrize(
    "claims",
    [
        {"roles": "viewer"},
        {"roles": [1]},
        {"roles": {"viewer": True}},
        {"name": 7},
        {"name": "x" * 65},
        {"exp": "soon"},
        {"exp": float("inf")},
    ],
)
def test_claim_of_the_wrong_type_or_size_is_refused(claims: dict[str, Any]) -> None:
    with pytest.raises(BadToken):
        auth.verify(SECRET, signed(**claims))


def part(document: Any) -> str:
    raw = document if isinstance(document, bytes) else json.dumps(document).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "..",
        "a.b.c",
        "\ud800",
        "é.é.é",
        "x" * 4096,
        f"{part(b'[' * 3000)}.{part({})}.x",
        f"{part(b'null')}.{part({})}.x",
        f"{part({'alg': 'HS256'})}.{part(b'[' * 3000)}.x",
        f"{part({'alg': ['HS256']})}.{part({})}.x",
        f"{part({'alg': 'HS256', 'crit': ['x']})}.{part({})}.x",
    ],
)
def test_garbage_is_refused_and_breaks_nothing(token: str) -> None:
    with pytest.raises(BadToken):
        auth.verify(SECRET, token)


def test_every_changed_character_of_a_signature_is_noticed() -> None:
    head, _, signature = signed().rpartition(".")
    for at in range(len(signature) - 1):  # the last one carries two bits that mean nothing
        changed = "A" if signature[at] != "A" else "B"
        with pytest.raises(BadToken):
            auth.verify(SECRET, f"{head}.{signature[:at]}{changed}{signature[at + 1 :]}")


def test_secret_is_made_once_and_for_our_eyes_only(tmp_path: Path) -> None:
    directory = tmp_path / "new"
    first = auth.secret(directory, None)
    assert len(bytes.fromhex(first)) == 32
    assert stat.S_IMODE((directory / "secret").stat().st_mode) == 0o600
    assert auth.secret(directory, None) == first
    assert [path.name for path in directory.iterdir()] == ["secret"]


def test_all_who_make_the_secret_at_once_get_the_same_one(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        found = set(pool.map(lambda _: auth.secret(tmp_path, None), range(64)))
    assert len(found) == 1


def test_configured_secret_is_used_and_no_file_is_made(tmp_path: Path) -> None:
    assert auth.secret(tmp_path, SECRET) == SECRET
    assert list(tmp_path.iterdir()) == []


def test_secret_that_is_too_short_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="jwt_secret: 5 characters; at least 32"):
        auth.secret(tmp_path, "short")
    (tmp_path / "secret").write_text("")
    with pytest.raises(ConfigError, match="secret: 0 characters; at least 32"):
        auth.secret(tmp_path, None)
