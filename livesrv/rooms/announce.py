"""Journal line -> what the room hears and what single users are told. Pure.

One line with a place in a room's sequence is exactly one event of its reliable lane, so the lane's
numbers are the ledger's and have no holes.
"""

from collections.abc import Callable
from typing import Any

from msgspec import UNSET

from livesrv.ledger.entry import Line, class_of
from protocol import messages as m

Facts = dict[str, Any]
Head = dict[str, Any]


def event_of(line: Line) -> m.Event | None:
    """The event that a line is in its room, None for a line without a room."""
    if not line.entry.room:
        return None
    build = _BUILDERS.get(line.entry.kind, _unknown)
    return build(line, line.entry.facts, {"seq": line.room_seq, "at_ms": line.at_ms})


def pushes_of(line: Line) -> list[tuple[str, m.Push]]:
    """What single users are told: their new balances and what became of their orders."""
    pushes: list[tuple[str, m.Push]] = []
    facts = line.entry.facts
    if "order" in facts and "status" in facts:
        pushes.append(_order_update(facts))
    elif line.entry.kind == "private_price":
        pushes.append(_private_price(facts))
    for (account, asset, _, _), after in zip(line.entry.legs, line.after, strict=True):
        if class_of(account) == "wallet":
            user = account.partition(":")[2]
            pushes.append((user, m.Balance(currency=asset, balance_minor=after)))
    return pushes


def _user(facts: Facts) -> m.User:
    return m.User(**facts["user"])


def _unknown(line: Line, facts: Facts, head: Head) -> m.Event:
    """What a newer server wrote: nothing to show, but its number must not be missing."""
    return m.Notice(text="", **head)


def _order_update(facts: Facts) -> tuple[str, m.Push]:
    """To the buyer of an order: where it stands, and what is known of its parcel and refunds."""
    buyer = facts["buyer"] if "buyer" in facts else facts["user"]["id"]
    update = m.OrderUpdate(
        order=facts["order"],
        status=facts["status"],
        refunded_minor=facts.get("refunded", UNSET),
        carrier=facts.get("carrier", UNSET),
        tracking=facts.get("tracking", UNSET),
    )
    return buyer, update


def _private_price(facts: Facts) -> tuple[str, m.Push]:
    deal = facts["deal"]
    push = m.PrivatePrice(
        private_price=facts["private_price"],
        room=deal["room"],
        offer=deal["offer"],
        quantity=deal["quantity"],
        price_minor=deal["price_minor"],
        carriage_minor=deal.get("carriage_minor", 0),
        currency=deal["currency"],
        expires_ms=deal["expires_ms"],
    )
    return deal["buyer"], push


def _offer(line: Line, facts: Facts) -> dict[str, Any]:
    """An offer's terms with its stock, which is the balance behind the line's first leg."""
    return {"offer": facts["offer"], **facts["sheet"], "stock": line.after[0]}


def _gift(line: Line, facts: Facts, head: Head) -> m.Event:
    fields = {name: facts[name] for name in ("gift", "combo", "count", "added", "coins")}
    return m.GiftEvent(user=_user(facts), **fields, **head)


def _sold(line: Line, facts: Facts, head: Head) -> m.Event:
    return m.Sold(user=_user(facts), lines=_lines(line, facts), **head)


def _settings(line: Line, facts: Facts, head: Head) -> m.Event:
    """How the room may be spoken in, and what it is called where that was changed."""
    about = {name: facts[name] for name in m.ABOUT_ROOM if name in facts}
    return m.Settings(
        slow_mode_s=facts["slow_mode_s"], followers_only=facts["followers_only"], **about, **head
    )


def _lines(line: Line, facts: Facts) -> list[m.SoldLine]:
    """What moved, with the stock that is left: the balances behind the legs of stocks, in order."""
    stocks = [
        after
        for leg, after in zip(line.entry.legs, line.after, strict=True)
        if class_of(leg.account) == "stock"
    ]
    return [
        m.SoldLine(offer, quantity, stock)
        for (offer, quantity), stock in zip(facts["lines"], stocks, strict=True)
    ]


_BUILDERS: dict[str, Callable[[Line, Facts, Head], m.Event]] = {
    "start": lambda line, facts, head: m.Started(started_at_ms=facts["started_at_ms"], **head),
    "end": lambda line, facts, head: m.Ended(**head),
    "offer": lambda line, facts, head: m.Stock(**_offer(line, facts), **head),
    "pin": lambda line, facts, head: m.Pinned(**_offer(line, facts), **head),
    "unpin": lambda line, facts, head: m.Unpinned(offer=facts["offer"], **head),
    "gift": _gift,
    "order": _sold,
    "pay": _sold,
    "hold": lambda line, facts, head: m.Reserved(lines=_lines(line, facts), **head),
    "cancel": lambda line, facts, head: m.Unsold(lines=_lines(line, facts), **head),
    "expire": lambda line, facts, head: m.Unsold(lines=_lines(line, facts), **head),
    "remove": lambda line, facts, head: m.Removed(comment=facts["comment"], **head),
    "mute": lambda line, facts, head: m.Muted(
        user=facts["user"], until_ms=facts["until_ms"], **head
    ),
    "unmute": lambda line, facts, head: m.Unmuted(user=facts["user"], **head),
    "ban": lambda line, facts, head: m.Banned(
        user=facts["user"], until_ms=facts["until_ms"], **head
    ),
    "unban": lambda line, facts, head: m.Unbanned(user=facts["user"], **head),
    "settings": _settings,
    "notice": lambda line, facts, head: m.Notice(text=facts["text"], **head),
}
