"""What each message of the spec looks like, checked on everything a test receives.

Must not know what any message means. Fields the spec does not name are ignored, as it asks for.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

Message = dict[str, Any]
Shape = Callable[[object], bool]

ID_FORM = re.compile(r"[A-Za-z0-9_-]{1,64}")
CURRENCY_FORM = re.compile(r"[A-Z]{3}|COIN")
AMOUNT_MAX = 2**50
ROLES = ("viewer", "host", "moderator", "ops")
CODES = (
    *("invalid", "unauthenticated", "forbidden", "not_found", "rate_limited", "muted", "banned"),
    *("not_live", "sold_out", "insufficient_funds", "price_changed", "limit_exceeded"),
    *("not_eligible", "conflict", "too_old", "busy", "internal"),
)


def uint(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def amount(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= AMOUNT_MAX


def text(value: object) -> bool:
    return isinstance(value, str)


def ident(value: object) -> bool:
    return isinstance(value, str) and ID_FORM.fullmatch(value) is not None


def currency(value: object) -> bool:
    return isinstance(value, str) and CURRENCY_FORM.fullmatch(value) is not None


def flag(value: object) -> bool:
    return isinstance(value, bool)


def one_of(*values: object) -> Shape:
    return lambda value: value in values


def nullable(shape: Shape) -> Shape:
    return lambda value: value is None or shape(value)


def listed(shape: Shape) -> Shape:
    return lambda value: isinstance(value, list) and all(map(shape, value))


def record(**shapes: Shape) -> Shape:
    """A map with these fields; a name that starts with "maybe_" may be absent."""
    return lambda value: isinstance(value, Mapping) and not wrong_fields(value, shapes)


def wrong_fields(message: Mapping[str, object], shapes: Mapping[str, Shape]) -> list[str]:
    """The fields that are missing or ill-typed."""
    absent = object()
    wrong = []
    for name, shape in shapes.items():
        value = message.get(name.removeprefix("maybe_"), absent)
        if not (name.startswith("maybe_") if value is absent else shape(value)):
            wrong.append(f"{name}: {'missing' if value is absent else repr(value)}")
    return wrong


def typed(table: Mapping[str, Mapping[str, Shape]]) -> Shape:
    """A map whose `type` is in the table, with the fields that stand there."""

    def holds(value: object) -> bool:
        shapes = table.get(value.get("type", "")) if isinstance(value, Mapping) else None
        return shapes is not None and record(**shapes)(value)

    return holds


BADGES = ("host", "moderator", "ops", "buyer")
PERSON = record(id=ident, name=text, badges=listed(one_of(*BADGES)))
LINE_SOLD = record(offer=ident, quantity=uint, stock=uint)
OFFER_FIELDS: dict[str, Shape] = {
    "offer": ident,
    "title": text,
    "price_minor": amount,
    "currency": currency,
    "stock": uint,
    "limit_per_buyer": nullable(uint),
    "maybe_seller": ident,
    "maybe_opens_ms": uint,
    "maybe_closes_ms": uint,
    "maybe_flash": record(price_minor=amount, from_ms=uint, until_ms=uint),
    "maybe_regular_price_minor": amount,
    "maybe_withdrawn": flag,
    "maybe_pieces": uint,
}
OFFER = record(**OFFER_FIELDS)

EVENTS: dict[str, dict[str, Shape]] = {
    "started": {"started_at_ms": uint},
    "ended": {},
    "pinned": OFFER_FIELDS,
    "stock": OFFER_FIELDS,
    "unpinned": {"offer": ident},
    "gift": {
        "user": PERSON,
        "gift": ident,
        "combo": ident,
        "count": uint,
        "added": uint,
        "coins": amount,
    },
    "sold": {"user": PERSON, "lines": listed(LINE_SOLD)},
    "reserved": {"lines": listed(LINE_SOLD)},
    "unsold": {"lines": listed(LINE_SOLD)},
    "removed": {"comment": ident},
    "muted": {"user": ident, "until_ms": nullable(uint)},
    "banned": {"user": ident, "until_ms": nullable(uint)},
    "unmuted": {"user": ident},
    "unbanned": {"user": ident},
    "settings": {
        "slow_mode_s": uint,
        "followers_only": flag,
        "maybe_title": text,
        "maybe_city": nullable(text),
        "maybe_theme": nullable(text),
        "maybe_media_url": nullable(text),
    },
    "notice": {"text": text},
}
EVENT = typed({name: {"seq": uint, "at_ms": uint, **shapes} for name, shapes in EVENTS.items()})

COMMENT = {"comment": ident, "user": PERSON, "text": text, "at_ms": uint}
WATERFALL = typed(
    {
        "comment": COMMENT,
        "like": {"count": uint, "total": uint},
        "viewers": {"count": uint},
    }
)

STATE = record(
    room=ident,
    title=text,
    host=PERSON,
    status=one_of("created", "live", "ended"),
    city=nullable(text),
    theme=nullable(text),
    media_url=nullable(text),
    started_at_ms=nullable(uint),
    slow_mode_s=uint,
    followers_only=flag,
    pinned=listed(OFFER),
    viewers=uint,
    likes=uint,
    top_gifters=listed(record(user=PERSON, coins=amount)),
    comments=listed(typed({"comment": COMMENT})),
)

AMOUNTS = listed(record(currency=currency, amount_minor=amount))
SHOW_GIVEN = record(
    room=ident,
    title=text,
    started_at_ms=uint,
    ended_at_ms=nullable(uint),
    orders=uint,
    pieces=uint,
    sales=AMOUNTS,
    gifts=uint,
    coins=amount,
    earned=AMOUNTS,
    is_final=flag,
)

ORDERED: dict[str, Shape] = {
    "order": ident,
    "status": text,
    "total_minor": amount,
    "currency": currency,
    "balance_minor": amount,
    "duplicate": flag,
    "maybe_pay_url": text,
    "maybe_due_ms": uint,
}
ORDER_STATES = (
    *("held", "expired", "paid", "shipped", "delivered", "settled", "cancelled", "refunded"),
)
MESSAGES: dict[str, dict[str, Shape]] = {
    "welcome": {
        "id": uint,
        "user": ident,
        "roles": listed(one_of(*ROLES)),
        "session": ident,
        "heartbeat_ms": uint,
        "server_time_ms": uint,
    },
    "joined": {
        "id": uint,
        "room": ident,
        "epoch": text,
        "seq": uint,
        "recovered": flag,
        "state": STATE,
    },
    "ok": {"id": uint, "maybe_comment": ident},
    "gifted": {
        "id": uint,
        "key": ident,
        "charged_minor": amount,
        "balance_minor": amount,
        "duplicate": flag,
    },
    "ordered": {"id": uint, **ORDERED},
    "pong": {"id": uint, "server_time_ms": uint},
    "error": {
        "id": nullable(uint),
        "code": one_of(*CODES),
        "message": text,
        "maybe_retry_after_ms": uint,
    },
    "batch": {
        "room": ident,
        "epoch": text,
        "seq": uint,
        "shed": uint,
        "at_ms": uint,
        "events": listed(EVENT),
        "waterfall": listed(WATERFALL),
    },
    "gap": {"room": ident, "shed": uint},
    "order_update": {
        "order": ident,
        "status": one_of(*ORDER_STATES),
        "maybe_refunded_minor": amount,
        "maybe_carrier": text,
        "maybe_tracking": text,
    },
    "private_price": {
        "private_price": ident,
        "room": ident,
        "offer": ident,
        "quantity": uint,
        "price_minor": amount,
        "carriage_minor": amount,
        "currency": currency,
        "expires_ms": uint,
    },
    "balance": {"currency": currency, "balance_minor": amount},
    "moved": {"retry_after_ms": uint, "maybe_url": text},
}


def check(message: object) -> Message:
    """The message, when it is one the spec knows and has all it must have."""
    assert isinstance(message, dict), f"not a map: {message!r}"
    shapes = MESSAGES.get(message.get("type", ""))
    assert shapes is not None, f"unknown type: {message!r}"
    wrong = wrong_fields(message, shapes)
    assert not wrong, f"{wrong} in {message!r}"
    return message
