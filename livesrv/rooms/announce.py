"""Journal line -> what the room hears and what single users are told. Pure.

One line with a place in a room's sequence is exactly one event of its reliable lane, so the lane's
numbers are the ledger's and have no holes.
"""

from collections.abc import Callable
from typing import Any

from livesrv.ledger.entry import Line, class_of
from protocol import messages as m


def event_of(line: Line) -> m.Event | None:
    """The event that a line is in its room, None for a line without a room."""
    if not line.entry.room:
        return None
    build = _BUILDERS[line.entry.kind]
    return build(line, line.entry.facts, {"seq": line.room_seq, "at_ms": line.at_ms})


def pushes_of(line: Line) -> list[tuple[str, m.Push]]:
    """What single users are told: their new balances and what became of their orders."""
    pushes: list[tuple[str, m.Push]] = []
    if line.entry.kind == "order":
        facts = line.entry.facts
        pushes.append((facts["user"]["id"], m.OrderUpdate(order=facts["order"], status="paid")))
    for (account, asset, _, _), after in zip(line.entry.legs, line.after, strict=True):
        if class_of(account) == "wallet":
            user = account.partition(":")[2]
            pushes.append((user, m.Balance(currency=asset, balance_minor=after)))
    return pushes


Facts = dict[str, Any]
Head = dict[str, Any]


def _user(facts: Facts) -> m.User:
    return m.User(**facts["user"])


def _offer(line: Line, facts: Facts) -> dict[str, Any]:
    """An offer's sheet with its stock, which is the balance behind the line's first leg."""
    sheet = {name: value for name, value in facts["sheet"].items() if name != "stocked"}
    return {"offer": facts["offer"], **sheet, "stock": line.after[0]}


def _gift(line: Line, facts: Facts, head: Head) -> m.Event:
    fields = {name: facts[name] for name in ("gift", "combo", "count", "added", "coins")}
    return m.GiftEvent(user=_user(facts), **fields, **head)


def _sold(line: Line, facts: Facts, head: Head) -> m.Event:
    """An order's legs are money, counter-money, then stock and counter-stock of each line."""
    lines = [
        m.SoldLine(offer, quantity, line.after[2 + 2 * i])
        for i, (offer, quantity) in enumerate(facts["lines"])
    ]
    return m.Sold(user=_user(facts), lines=lines, **head)


_BUILDERS: dict[str, Callable[[Line, Facts, Head], m.Event]] = {
    "start": lambda line, facts, head: m.Started(started_at_ms=facts["started_at_ms"], **head),
    "end": lambda line, facts, head: m.Ended(**head),
    "offer": lambda line, facts, head: m.Stock(**_offer(line, facts), **head),
    "pin": lambda line, facts, head: m.Pinned(**_offer(line, facts), **head),
    "unpin": lambda line, facts, head: m.Unpinned(offer=facts["offer"], **head),
    "gift": _gift,
    "order": _sold,
    "remove": lambda line, facts, head: m.Removed(comment=facts["comment"], **head),
    "mute": lambda line, facts, head: m.Muted(
        user=facts["user"], until_ms=facts["until_ms"], **head
    ),
    "unmute": lambda line, facts, head: m.Unmuted(user=facts["user"], **head),
    "ban": lambda line, facts, head: m.Banned(
        user=facts["user"], until_ms=facts["until_ms"], **head
    ),
    "unban": lambda line, facts, head: m.Unbanned(user=facts["user"], **head),
    "settings": lambda line, facts, head: m.Settings(
        slow_mode_s=facts["slow_mode_s"], followers_only=facts["followers_only"], **head
    ),
}
