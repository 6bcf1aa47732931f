"""The documents that commerce keeps in the ledger's registers, and how they are named. Pure.

`room:ROOM` is the show, `moderation:ROOM` who may not speak or enter it (apart, so that muting
somebody does not disturb the orders that depend on the room), `offer:ROOM:OFFER` what is on sale.
"""

from typing import Literal

import msgspec
from msgspec import Struct

from livesrv.ledger.entry import Register
from livesrv.refusal import Refused
from protocol.codes import ErrorCode
from protocol.messages import User


class Room(Struct, kw_only=True):
    """`pinned` holds offer ids, the latest first."""

    title: str
    host: User
    status: Literal["created", "live", "ended"] = "created"
    city: str | None = None
    theme: str | None = None
    media_url: str | None = None
    started_at_ms: int | None = None
    pinned: list[str] = []
    slow_mode_s: int = 0
    followers_only: bool = False


class Moderation(Struct, kw_only=True):
    """User -> until when; None: the rest of the show when muted, for good when banned."""

    muted: dict[str, int | None] = {}
    banned: dict[str, int | None] = {}


class OfferSheet(Struct, kw_only=True):
    """What an offer promises. What is left of it is a balance, not part of the sheet."""

    title: str
    price_minor: int
    currency: str
    limit_per_buyer: int | None = None
    stocked: int = 0


class Combo(Struct):
    """How far a combo has been charged."""

    room: str
    gift: str
    count: int


def room_register(room: str) -> str:
    return f"room:{room}"


def moderation_register(room: str) -> str:
    return f"moderation:{room}"


def offer_register(room: str, offer: str) -> str:
    return f"offer:{room}:{offer}"


def offers_ranking(room: str) -> str:
    return f"offers:{room}"


def gifters_ranking(room: str) -> str:
    return f"gifters:{room}"


def followers_ranking(host: str) -> str:
    return f"followers:{host}"


def assets_ranking(account: str) -> str:
    """Which assets an account has ever held."""
    return f"assets:{account}"


def stock_account(room: str, offer: str) -> str:
    return f"stock:{room}:{offer}"


def sku(room: str, offer: str) -> str:
    """The asset whose units are the pieces of an offer."""
    return f"SKU:{room}:{offer}"


def read_room(register: Register) -> Room:
    """The room in a register. Raises `Refused` `not_found` when there is none."""
    if register.version == 0:
        raise Refused(ErrorCode.NOT_FOUND, "there is no such room")
    return msgspec.convert(register.value, Room)


def read_moderation(register: Register) -> Moderation:
    return msgspec.convert(register.value or {}, Moderation)


def read_sheet(register: Register, offer: str) -> OfferSheet:
    """The offer in a register. Raises `Refused` `not_found` when there is none."""
    if register.version == 0:
        raise Refused(ErrorCode.NOT_FOUND, f"there is no offer {offer} in this room")
    return msgspec.convert(register.value, OfferSheet)


def require_live(room: Room) -> None:
    if room.status != "live":
        reason = "has ended" if room.status == "ended" else "has not begun"
        raise Refused(ErrorCode.NOT_LIVE, f"the show {reason}")


def require_not_banned(moderation: Moderation, user: str, now_ms: int) -> None:
    if is_sentenced(moderation.banned, user, now_ms):
        raise Refused(ErrorCode.BANNED, "you are banned from this room")


def is_sentenced(concerned: dict[str, int | None], user: str, now_ms: int) -> bool:
    """Whether somebody is muted or banned at a moment."""
    if user not in concerned:
        return False
    until_ms = concerned[user]
    return until_ms is None or until_ms > now_ms
