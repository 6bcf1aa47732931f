"""Every message of the wire as a typed struct that carries its own limits.

Commands go from client to server and are answered by exactly one reply or `Error` with the same
`id`. Pushes go from server to client unasked. Events are the items of a batch's reliable lane,
drops the items of its waterfall lane. Pure: knows nothing of sockets, rooms or money.

Units: `*_minor` is an integer number of a currency's smallest unit, `*_ms` is milliseconds (since
the epoch where it names a moment). Unknown fields are ignored, so that v1 can grow.
"""

from typing import Annotated

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

PROTOCOL_VERSION = 1
ID_PATTERN = r"^[A-Za-z0-9_-]{1,64}(?!\n)$"
TEXT_CHARS_MAX = 200
LIKES_PER_COMMAND_MAX = 100
COMBO_COUNT_MAX = 99_999
ORDER_LINES_MAX = 20
QUANTITY_MAX = 10_000
AMOUNT_MAX = 2**50
"""Above this the ledger's arithmetic would leave the range in which every step is exact."""
OFFERS_PER_ROOM_MAX = 200
COMMAND_BYTES_MAX = 16_384
"""The largest message a client may send; the largest legal command is under 4 KiB."""

Id = Annotated[str, Meta(pattern=ID_PATTERN, description="1-64 characters of A-Z a-z 0-9 _ -")]
CommandId = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Currency = Annotated[str, Meta(pattern=r"^([A-Z]{3}|COIN)(?!\n)$", description="ISO 4217 or COIN")]
AmountMinor = Annotated[int, Meta(ge=0, le=AMOUNT_MAX)]
PriceMinor = Annotated[int, Meta(ge=1, le=10**12)]
Quantity = Annotated[int, Meta(ge=1, le=QUANTITY_MAX)]
TimeMs = Annotated[int, Meta(ge=0, le=2**53 - 1)]
Text = Annotated[str, Meta(min_length=1, max_length=COMMAND_BYTES_MAX)]
Title = Annotated[str, Meta(min_length=1, max_length=120)]
Short = Annotated[str, Meta(max_length=64)]
Url = Annotated[str, Meta(max_length=500, pattern=r"^https?://[^\s]+(?!\n)$")]


# --- commands -----------------------------------------------------------------------------------


class Since(Struct):
    """The last place of a room's reliable lane that a client has seen."""

    epoch: Annotated[str, Meta(max_length=64)]
    seq: Annotated[int, Meta(ge=0, le=2**53 - 1)]


class Command(Struct, tag_field="type", kw_only=True):
    """What every command carries; `id` comes back in its reply."""

    id: CommandId


class Hello(Command, tag="hello"):
    token: Annotated[str, Meta(max_length=4096)] | None = None


class Join(Command, tag="join"):
    """`saver` asks for less: batches once a second, with a few comments."""

    room: Id
    since: Since | None = None
    saver: bool = False


class Leave(Command, tag="leave"):
    room: Id


class Comment(Command, tag="comment"):
    room: Id
    text: Text


class Like(Command, tag="like"):
    room: Id
    count: Annotated[int, Meta(ge=1, le=LIKES_PER_COMMAND_MAX)]


class Gift(Command, tag="gift"):
    """`count` is the running total within the combo `key`, not an increment."""

    room: Id
    gift: Id
    key: Id
    count: Annotated[int, Meta(ge=1, le=COMBO_COUNT_MAX)]
    made_at_ms: TimeMs | None = None


class OrderLine(Struct):
    offer: Id
    quantity: Quantity


OrderLines = Annotated[list[OrderLine], Meta(min_length=1, max_length=ORDER_LINES_MAX)]


class OrderContent(Struct, kw_only=True):
    """What a buyer wants, and the total the buyer saw.

    `payment` is who moves the money: the wallet, or a provider that is paid elsewhere. `promoter`
    brought the buyer. `private_price` is the id of a price made for this buyer alone.
    """

    lines: OrderLines
    total_minor: AmountMinor
    currency: Currency
    made_at_ms: TimeMs | None = None
    payment: Id = "wallet"
    promoter: Id | None = None
    private_price: Id | None = None


class OrderRequest(OrderContent, kw_only=True):
    """An order as both doors pass it on."""

    key: Id


class Order(Command, tag="order"):
    """An `OrderRequest` in a room; a struct can have only one base with fields."""

    room: Id
    key: Id
    lines: OrderLines
    total_minor: AmountMinor
    currency: Currency
    made_at_ms: TimeMs | None = None
    payment: Id = "wallet"
    promoter: Id | None = None
    private_price: Id | None = None


class Start(Command, tag="start"):
    room: Id


class End(Command, tag="end"):
    room: Id


class Pin(Command, tag="pin"):
    room: Id
    offer: Id


class Unpin(Command, tag="unpin"):
    room: Id
    offer: Id


class Moderate(Command, tag="moderate"):
    """`action` is one of `MODERATIONS`; which other fields it needs is told there."""

    room: Id
    action: Annotated[str, Meta(max_length=32)]
    user: Id | None = None
    comment: Id | None = None
    seconds: Annotated[int, Meta(ge=0, le=30 * 86_400)] | None = None


MODERATIONS: dict[str, tuple[str, ...]] = {
    "mute": ("user",),
    "unmute": ("user",),
    "ban": ("user",),
    "unban": ("user",),
    "remove": ("comment",),
    "slow_mode": ("seconds",),
    "followers_only": (),
}
"""Each action and the fields it cannot do without. `seconds` limits a mute (default: the rest of
the show) or a ban (default: for good), and is slow mode's pause; 0 switches a mode off."""


class GiveNotice(Command, tag="notice"):
    room: Id
    text: Text


class Ping(Command, tag="ping"):
    pass


AnyCommand = (
    Hello
    | Join
    | Leave
    | Comment
    | Like
    | Gift
    | Order
    | Start
    | End
    | Pin
    | Unpin
    | Moderate
    | GiveNotice
    | Ping
)


# --- what replies and pushes are made of --------------------------------------------------------


class User(Struct):
    """Somebody as others see them. `badges`: any of `host`, `moderator`, `ops`, `buyer`."""

    id: str
    name: str
    badges: list[str] = []


class FlashPrice(Struct, kw_only=True):
    """A price from `from_ms` until before `until_ms`."""

    price_minor: int
    from_ms: int
    until_ms: int


class Offer(Struct, kw_only=True):
    """Something on sale in a room, with what is left of it.

    `price_minor` is what a piece costs now; `flash` tells of a price for a while, to come or on.
    While it is on, `regular_price_minor` is what a piece costs before and after.
    `pieces` is how many were put on sale in all, of which `stock` are left.
    """

    offer: str
    title: str
    price_minor: int
    currency: str
    stock: int
    limit_per_buyer: int | None = None
    seller: str | UnsetType = UNSET
    opens_ms: int | UnsetType = UNSET
    closes_ms: int | UnsetType = UNSET
    flash: FlashPrice | UnsetType = UNSET
    regular_price_minor: int | UnsetType = UNSET
    withdrawn: bool | UnsetType = UNSET
    pieces: int | UnsetType = UNSET


class Gifter(Struct):
    user: User
    coins: int


class State(Struct, kw_only=True):
    """A room's snapshot: it replaces all a client knew of the room."""

    room: str
    title: str
    host: User
    status: str
    city: str | None = None
    theme: str | None = None
    media_url: str | None = None
    started_at_ms: int | None = None
    slow_mode_s: int = 0
    followers_only: bool = False
    pinned: list[Offer] = []
    viewers: int = 0
    likes: int = 0
    top_gifters: list[Gifter] = []
    comments: list[Raw] = []


# --- replies ------------------------------------------------------------------------------------


class Reply(Struct, tag_field="type", kw_only=True):
    """What every reply carries: the `id` of the command it answers."""

    id: int


class Welcome(Reply, tag="welcome"):
    user: str
    roles: list[str]
    session: str
    heartbeat_ms: int
    server_time_ms: int


class Joined(Reply, tag="joined"):
    room: str
    epoch: str
    seq: int
    recovered: bool
    state: State


class Ok(Reply, tag="ok"):
    """`comment` is the new comment's id, in the reply to `comment` only."""

    comment: str | UnsetType = UNSET


class Gifted(Reply, tag="gifted"):
    """`charged_minor` is what this command cost; 0 where the combo had been charged already."""

    key: str
    charged_minor: int
    balance_minor: int
    duplicate: bool


class Ordered(Reply, tag="ordered"):
    """`status` is `paid`, or `held`: to be paid at `pay_url` until `due_ms`."""

    order: str
    status: str
    total_minor: int
    currency: str
    balance_minor: int
    duplicate: bool
    pay_url: str | UnsetType = UNSET
    due_ms: int | UnsetType = UNSET


class Pong(Reply, tag="pong"):
    server_time_ms: int


class Error(Struct, tag_field="type", tag="error", kw_only=True):
    """`id` is null when the message had no usable id."""

    id: int | None
    code: str
    message: str
    retry_after_ms: int | UnsetType = UNSET


# --- the reliable lane --------------------------------------------------------------------------


class Event(Struct, tag_field="type", kw_only=True):
    """What every event of the reliable lane carries: its own number in the room, and its moment."""

    seq: int
    at_ms: int


class Started(Event, tag="started"):
    started_at_ms: int


class Ended(Event, tag="ended"):
    pass


class OfferEvent(Event, kw_only=True):
    """An offer as it stood at this place of the sequence; the fields are those of `Offer`."""

    offer: str
    title: str
    price_minor: int
    currency: str
    stock: int
    limit_per_buyer: int | None = None
    seller: str | UnsetType = UNSET
    opens_ms: int | UnsetType = UNSET
    closes_ms: int | UnsetType = UNSET
    flash: FlashPrice | UnsetType = UNSET
    regular_price_minor: int | UnsetType = UNSET
    withdrawn: bool | UnsetType = UNSET
    pieces: int | UnsetType = UNSET


class Pinned(OfferEvent, tag="pinned"):
    pass


class Stock(OfferEvent, tag="stock"):
    """An offer was put on sale, restocked, or has another price or other terms from now on."""


class Unpinned(Event, tag="unpinned"):
    offer: str


class GiftEvent(Event, tag="gift"):
    """`count` is the combo's running total, `added` what is new in it, `coins` its price."""

    user: User
    gift: str
    combo: str
    count: int
    added: int
    coins: int


class SoldLine(Struct):
    """`stock` is what was left at this place of the sequence."""

    offer: str
    quantity: int
    stock: int


class Sold(Event, tag="sold"):
    user: User
    lines: list[SoldLine]


class Reserved(Event, tag="reserved"):
    """Pieces are held for an order that is being paid elsewhere."""

    lines: list[SoldLine]


class Unsold(Event, tag="unsold"):
    """Pieces are back on sale: an order was cancelled, or its hold has ended."""

    lines: list[SoldLine]


class Removed(Event, tag="removed"):
    comment: str


class Muted(Event, tag="muted"):
    """`until_ms` null: for the rest of the show."""

    user: str
    until_ms: int | None


class Unmuted(Event, tag="unmuted"):
    user: str


class Banned(Event, tag="banned"):
    """`until_ms` null: for good."""

    user: str
    until_ms: int | None


class Unbanned(Event, tag="unbanned"):
    user: str


class Settings(Event, tag="settings"):
    """What a room is called is told only where that was changed; null: it has none now."""

    slow_mode_s: int
    followers_only: bool
    title: str | UnsetType = UNSET
    city: str | UnsetType | None = UNSET
    theme: str | UnsetType | None = UNSET
    media_url: str | UnsetType | None = UNSET


ABOUT_ROOM = ("title", "city", "theme", "media_url")
"""What a host says of a room, and may change; fields of `State` and of `Settings`."""


class Notice(Event, tag="notice"):
    text: str


AnyEvent = (
    Started
    | Ended
    | Pinned
    | Unpinned
    | GiftEvent
    | Sold
    | Reserved
    | Unsold
    | Stock
    | Removed
    | Muted
    | Unmuted
    | Banned
    | Unbanned
    | Settings
    | Notice
)


# --- the waterfall lane -------------------------------------------------------------------------


class Drop(Struct, tag_field="type", kw_only=True):
    """An item of the waterfall lane: shown and forgotten."""


class CommentDrop(Drop, tag="comment"):
    comment: str
    user: User
    text: str
    at_ms: int


class LikeDrop(Drop, tag="like"):
    """`count` new likes since the last such item; `total` since the show's first."""

    count: int
    total: int


class ViewersDrop(Drop, tag="viewers"):
    count: int


AnyDrop = CommentDrop | LikeDrop | ViewersDrop


# --- pushes -------------------------------------------------------------------------------------


class Push(Struct, tag_field="type", kw_only=True):
    """A message the server sends unasked."""


class Batch(Push, tag="batch"):
    """Everything for a room since its last batch. Events and drops come in already encoded."""

    room: str
    epoch: str
    seq: int
    events: list[Raw]
    waterfall: list[Raw]
    shed: int
    at_ms: int


class Gap(Push, tag="gap"):
    room: str
    shed: int


class OrderUpdate(Push, tag="order_update"):
    """What became of the buyer's order. `refunded_minor` is the sum of all refunds so far."""

    order: str
    status: str
    refunded_minor: int | UnsetType = UNSET
    carrier: str | UnsetType = UNSET
    tracking: str | UnsetType = UNSET


class PrivatePrice(Push, tag="private_price"):
    """A price made for this user alone; an `order` that names it accepts it.

    The total is `price_minor` x `quantity` + `carriage_minor`.
    """

    private_price: str
    room: str
    offer: str
    quantity: int
    price_minor: int
    carriage_minor: int
    currency: str
    expires_ms: int


class Balance(Push, tag="balance"):
    currency: str
    balance_minor: int


class Moved(Push, tag="moved"):
    retry_after_ms: int
    url: str | UnsetType = UNSET
