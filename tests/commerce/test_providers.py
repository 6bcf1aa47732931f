"""Signatures of a provider's webhooks: only what was signed with a shared secret, and lately."""

import pytest

from livesrv.commerce.providers import (
    TOLERANCE_S,
    WebhookProvider,
    signature_error,
    signatures,
)

OLD, NEW, OTHER = "o" * 32, "n" * 32, "x" * 32
NOW_S = 1_700_000_000
BODY = b'{"type":"paid"}'
EXPECTED = "v1,ynYlJf5r5CCPXOVpV9K9+C3QdV1HWNmA/u3JhBxmHDA="


def error(
    secrets: tuple[str, ...] = (NEW,),
    *,
    signed_with: tuple[str, ...] = (NEW,),
    sent_id: str = "m1",
    sent_s: str = str(NOW_S),
    sent_body: bytes = BODY,
    now_s: int = NOW_S,
    signature: str | None = None,
) -> str | None:
    made = signatures(signed_with, "m1", NOW_S, BODY) if signature is None else signature
    return signature_error(secrets, sent_id, sent_s, made, sent_body, now_s)


def test_a_known_message_has_the_signature_that_others_compute_too() -> None:
    """HMAC-SHA256 under the 32 bytes 's', over `m1.1700000000.{"type":"paid"}`."""
    assert signatures(("s" * 32,), "m1", NOW_S, BODY) == EXPECTED


@pytest.mark.parametrize(
    ("accepted", "signed_with"),
    [
        ((NEW,), (NEW,)),
        ((NEW, OLD), (OLD,)),
        ((NEW, OLD), (NEW,)),
        ((OLD,), (NEW, OLD)),
        ((NEW,), (OTHER, OLD, NEW)),
    ],
)
def test_one_signature_that_fits_one_secret_is_enough(
    accepted: tuple[str, ...], signed_with: tuple[str, ...]
) -> None:
    assert error(accepted, signed_with=signed_with) is None


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"signed_with": (OTHER,)}, "does not fit"),
        ({"signed_with": (OLD,)}, "does not fit"),
        ({"sent_body": BODY + b" "}, "does not fit"),
        ({"sent_id": "m2"}, "does not fit"),
        ({"sent_s": str(NOW_S + 1)}, "does not fit"),
        ({"signature": ""}, "does not fit"),
        ({"signature": "v1,"}, "does not fit"),
        ({"signature": "\udce9 é"}, "does not fit"),
        ({"signature": "v2," + signatures((NEW,), "m1", NOW_S, BODY)[3:]}, "does not fit"),
        ({"sent_id": ""}, "webhook-id is missing"),
        ({"sent_id": "\udce9"}, "webhook-id is missing"),
        ({"sent_s": ""}, "seconds since the epoch"),
        ({"sent_s": "now"}, "seconds since the epoch"),
        ({"sent_s": f"-{NOW_S}"}, "seconds since the epoch"),
        ({"sent_s": "²"}, "seconds since the epoch"),
        ({"sent_s": "1" * 5000}, "seconds since the epoch"),
        ({"now_s": NOW_S + TOLERANCE_S + 1}, "300 s apart is allowed"),
        ({"now_s": NOW_S - TOLERANCE_S - 1}, "300 s apart is allowed"),
    ],
)
def test_what_does_not_hold_is_told_apart(how: dict[str, object], said: str) -> None:
    found = error(**how)  # type: ignore[arg-type]
    assert found is not None
    assert said in found


@pytest.mark.parametrize("now_s", [NOW_S - TOLERANCE_S, NOW_S + TOLERANCE_S])
def test_a_clock_that_is_a_little_off_does_no_harm(now_s: int) -> None:
    assert error(now_s=now_s) is None


def test_a_long_list_of_signatures_is_not_read_to_its_end() -> None:
    made = signatures((NEW,), "m1", NOW_S, BODY)
    assert error(signature="v1,a " * 5 + made) is None
    assert error(signature="v1,a " * 5000 + made) is not None


def test_the_address_to_pay_at_is_signed_as_the_spec_says() -> None:
    provider = WebhookProvider(name="pay", hold_ms=1, url="http://p", secrets=(NEW, OLD))
    url = provider.pay_url("o1", 2990, "CNY", NOW_S * 1000 + 7)
    assert url is not None
    asked, _, signature = url.removeprefix("http://p/pay?").partition("&signature=")
    assert asked == f"order=o1&total_minor=2990&currency=CNY&until_ms={NOW_S * 1000 + 7}"
    made = signatures((NEW,), "o1", NOW_S, asked.encode())
    assert signature == made.replace(",", "%2C").replace("+", "%2B").replace("/", "%2F").replace(
        "=", "%3D"
    )
