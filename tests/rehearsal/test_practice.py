"""The rehearsal's configuration reaches nothing that is real."""

from ipaddress import ip_address
from pathlib import Path

import pytest

from livesrv.config import Config, ConfigError, from_json, to_json
from livesrv.rehearsal.practice import PROXIES_MAX, directory, practice

REAL = Config(
    host="0.0.0.0",
    port=443,
    data_dir="/srv/live",
    workers=8,
    ledger_url="redis://books.example:6379",
    bus_url="redis+cluster://a.example:6379,b.example:6379",
    jwt_secret="s" * 32,
    payment_url="https://pay.example",
    payment_secrets=("p" * 32,),
    trusted_proxies=("10.0.0.0/8",),
    gifts={"boat": 7},
    rehearsal=True,
)


def test_a_rehearsal_has_its_own_stores_and_directory_and_no_payments() -> None:
    made = practice(REAL)
    assert (made.ledger_url, made.bus_url, made.payment_url) == (None, None, None)
    assert made.payment_secrets == ()
    assert made.data_dir == str(directory(REAL)) == str(Path("/srv/live/rehearsal"))


def test_a_rehearsal_listens_on_loopback_only_beside_the_real_port() -> None:
    made = practice(REAL)
    assert ip_address(made.host).is_loopback
    assert made.port == 0
    assert made.workers == 1


def test_a_rehearsal_knows_the_same_users_and_gifts_and_has_none_of_its_own() -> None:
    made = practice(REAL)
    assert (made.jwt_secret, made.gifts) == (REAL.jwt_secret, REAL.gifts)
    assert made.is_rehearsal
    assert not made.rehearsal


def test_the_real_servers_proxies_and_workers_are_trusted_to_say_who_asks() -> None:
    assert practice(REAL).trusted_proxies == ("127.0.0.0/8", "::1/128", "10.0.0.0/8")


def test_it_can_be_written_down_however_many_proxies_there_are() -> None:
    many = Config(trusted_proxies=tuple(f"10.{n}.0.0/16" for n in range(PROXIES_MAX)))
    made = practice(many)
    assert from_json(to_json(made)) == made


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"rehearsal": True}, "rehearsal: found true"),
        ({"payment_url": "https://pay.example", "payment_secrets": ("p" * 32,)}, "payment_url"),
    ],
)
def test_a_rehearsal_with_real_payments_or_a_rehearsal_of_its_own_cannot_be(
    settings: dict[str, object], said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        Config(is_rehearsal=True, **settings)  # type: ignore[arg-type]
