"""The documents of a show that commerce keeps in the ledger's registers. Pure.

`room:ROOM` is the show, `moderation:ROOM` who may not speak or enter it (apart, so that muting
somebody does not disturb the orders that depend on the room), `offer:ROOM:OFFER` what is on sale.
All are immutable: a register's document is shared by everybody who reads it.
"""

from typing import Any, Literal

from msgspec import Struct, structs

from livesrv.auth import Principal
from livesrv.ledger.entry import Register
from livesrv.refusal import Refused
from protocol.codes import ErrorCode
from protocol.messages import PriceMinor, TimeMs, User

from .cards import Card


class Room(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`pinned` holds offer ids, the latest first.

    `shares_bps`: how the hosts of a joint sale share what a host earns, in the order agreed.
    """

    title: str
    host: User
    status: Literal["created", "live", "ended"] = "created"
    city: str | None = None
    theme: str | None = None
    media_url: str | None = None
    started_at_ms: int | None = None
    pinned: tuple[str, ...] = ()
    slow_mode_s: int = 0
    followers_only: bool = False
    shares_bps: dict[str, int] = {}

    @property
    def began_ms(self) -> int:
        """When its last show began. With the room, it names the show."""
        return self.started_at_ms or 0


class Moderation(Struct, frozen=True, kw_only=True):
    """User -> until when; None: the rest of the show when muted, for good when banned."""

    muted: dict[str, int | None] = {}
    banned: dict[str, int | None] = {}


FOLLOWER = "FOLLOWER"
"""The asset in which a host holds as many units as there are who follow."""


class Flash(Struct, frozen=True, kw_only=True):
    """A price for a while: from `from_ms` until before `until_ms`."""

    price_minor: PriceMinor
    from_ms: TimeMs
    until_ms: TimeMs


class OfferSheet(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an offer promises. What is left of it is a balance, not part of the sheet.

    `stocked`: how many pieces were put on sale in all, with each restock.
    `seller`: whose goods they are, the room's host unless named; `broker`: who found them. On sale
    from `opens_ms` until before `closes_ms`. `card` is a rate card for this offer alone.
    """

    title: str
    price_minor: int
    currency: str
    limit_per_buyer: int | None = None
    stocked: int = 0
    seller: str | None = None
    broker: str | None = None
    category: str | None = None
    opens_ms: int | None = None
    closes_ms: int | None = None
    flash: Flash | None = None
    is_withdrawn: bool = False
    card: Card | None = None

    def price_at(self, now_ms: int) -> int:
        """What a piece costs at a moment, in the smallest unit."""
        if self.flash and self.flash.from_ms <= now_ms < self.flash.until_ms:
            return self.flash.price_minor
        return self.price_minor


class Combo(Struct, frozen=True):
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


def followers_account(host: str) -> str:
    """Whose balance, in the asset `FOLLOWER`, is how many follow a host."""
    return f"followers:{host}"


def assets_ranking(account: str) -> str:
    """Which assets an account has ever held."""
    return f"assets:{account}"


def stock_account(room: str, offer: str) -> str:
    return f"stock:{room}:{offer}"


def sold_account(room: str, offer: str) -> str:
    return f"sold:{room}:{offer}"


def held_account(order: str) -> str:
    """Where the pieces of an order wait for its money."""
    return f"held:{order}"


def quota_account(room: str, offer: str) -> str:
    return f"quota:{room}:{offer}"


def quota_asset(room: str, offer: str) -> str:
    """The asset of which a buyer may owe as many units as the limit per buyer."""
    return f"QUOTA:{room}:{offer}"


def sku(room: str, offer: str) -> str:
    """The asset whose units are the pieces of an offer."""
    return f"SKU:{room}:{offer}"


def read_room(register: Register) -> Room:
    """The room in a register. Raises `Refused` `not_found` when there is none."""
    if register.version == 0:
        raise Refused(ErrorCode.NOT_FOUND, "there is no such room")
    return register.read(Room)


def read_moderation(register: Register) -> Moderation:
    return register.read(Moderation) if register.version else Moderation()


def read_sheet(register: Register, offer: str) -> OfferSheet:
    """The offer in a register. Raises `Refused` `not_found` when there is none."""
    if register.version == 0:
        raise Refused(ErrorCode.NOT_FOUND, f"there is no offer {offer} in this room")
    return register.read(OfferSheet)


def require_live(room: Room) -> None:
    if room.status != "live":
        reason = "has ended" if room.status == "ended" else "has not begun"
        raise Refused(ErrorCode.NOT_LIVE, f"the show {reason}")


def require_host(room: Room, user: Principal) -> None:
    if room.host.id != user.user:
        raise Refused(ErrorCode.FORBIDDEN, "only the room's host may do this")


def require_not_banned(moderation: Moderation, user: str, now_ms: int) -> None:
    if is_sentenced(moderation.banned, user, now_ms):
        raise Refused(ErrorCode.BANNED, "you are banned from this room")


def is_sentenced(concerned: dict[str, int | None], user: str, now_ms: int) -> bool:
    """Whether somebody is muted or banned at a moment."""
    if user not in concerned:
        return False
    until_ms = concerned[user]
    return until_ms is None or until_ms > now_ms


def terms_shown(sheet: OfferSheet, now_ms: int) -> dict[str, Any]:
    """An offer's terms as the wire has them, at a moment."""
    shown: dict[str, Any] = {
        "title": sheet.title,
        "price_minor": sheet.price_at(now_ms),
        "currency": sheet.currency,
        "limit_per_buyer": sheet.limit_per_buyer,
        "pieces": sheet.stocked,
    }
    for name in ("seller", "opens_ms", "closes_ms"):
        if (value := getattr(sheet, name)) is not None:
            shown[name] = value
    if sheet.flash is not None and now_ms < sheet.flash.until_ms:
        shown["flash"] = structs.asdict(sheet.flash)
        if sheet.flash.from_ms <= now_ms:
            shown["regular_price_minor"] = sheet.price_minor
    if sheet.is_withdrawn:
        shown["withdrawn"] = True
    return shown
