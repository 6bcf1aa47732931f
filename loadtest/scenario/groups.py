"""The tables `[[rooms]]`, `[[people]]` and `[[incidents]]` of a scenario's file. Pure.

Must not know where a recorded show is kept. Invariant: a group that was read is one that a server
with its limits as shipped would take; that groups fit together is looked at elsewhere.
"""

from collections.abc import Callable, Mapping

from . import curves
from .model import (
    OFFERS_DEFAULT,
    STOCK_DEFAULT,
    Act,
    BadScenario,
    Curve,
    Incident,
    Kind,
    Offer,
    People,
    Recording,
    Role,
    RoomGroup,
    Trouble,
)
from .table import Table

Recorded = Callable[[str], Mapping[Kind, Recording]]
"""Reads a recorded show by its file's name. Raises `BadScenario`."""

ROOMS_MAX = 1_000
PEOPLE_MAX = 1_000_000
NAME_LENGTH_MAX = 64
FILE_LENGTH_MAX = 4_096
ID_LETTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")
"""Of offers: the wire's."""
PRICE_MINOR_MAX = 10**12
STOCK_MAX = 10**9
PIECES_MAX = 10_000
OFFERS_MAX = 200
"""The server's limits."""
PAUSE_S_MIN = 2.0
"""A churner's stay must have room for a handshake on a busy server."""

ACTS = {
    "comments": Kind.COMMENT,
    "likes": Kind.LIKE,
    "gifts": Kind.GIFT,
    "orders": Kind.ORDER,
    "pins": Kind.PIN,
}
NEEDED = {Role.CHATTER: "comments", Role.GIFTER: "gifts", Role.BUYER: "orders"}
"""Without them, somebody would be a viewer."""
UNKNOWN_ROOMS = RoomGroup(name="?")
"""Where people are whose rooms the file does not say; what is on sale there is unknown, too."""
OF_ONE_ROLE = {
    "pins": Role.HOST,
    "reads_every_s": Role.SLOW_READER,
    "stay_s": Role.CHURNER,
    "away_s": Role.CHURNER,
}


def rooms(table: Table) -> RoomGroup:
    group = RoomGroup(
        name=table.text("name", length_max=NAME_LENGTH_MAX),
        count=table.whole("count", least=1, most=ROOMS_MAX, default=1),
        is_fixed=table.flag("fixed"),
        offers=_offers(table) if table.has("offers") else OFFERS_DEFAULT,
    )
    table.close()
    return group


def _offers(table: Table) -> tuple[Offer, ...]:
    offers: list[Offer] = []
    for each in table.tables("offers"):
        offer = _offer(each)
        if offer.offer in [before.offer for before in offers]:
            each.note("offer", f'"{offer.offer}" is there twice; a room has each once')
        offers.append(offer)
    if len(offers) > OFFERS_MAX:
        table.note("offers", f"are {len(offers)}; a room has at most {OFFERS_MAX}")
    return tuple(offers)


def _offer(table: Table) -> Offer:
    name = table.text("offer", length_max=NAME_LENGTH_MAX)
    if table.is_sound and not set(name) <= ID_LETTERS:
        table.wrong("offer", "of the letters A-Z a-z 0-9 _ -")
    price_minor = table.whole("price_minor", least=1, most=PRICE_MINOR_MAX)
    stock = table.whole("stock", least=0, most=STOCK_MAX, default=STOCK_DEFAULT)
    limit = table.whole("limit_per_buyer", least=0, most=PIECES_MAX, default=0)
    if limit == 0 and table.has("limit_per_buyer"):
        table.wrong("limit_per_buyer", f"from 1 to {PIECES_MAX:,}, or absent for no limit")
    table.close()
    return Offer(offer=name, price_minor=price_minor, stock=stock, limit_per_buyer=limit or None)


def people(
    table: Table, room_groups: Mapping[str, RoomGroup], duration_s: float, recorded: Recorded
) -> People:
    """One group of people; its name is empty when the file gives none."""
    role = table.choice("role", Role)
    table.expect("name", "count", *ACTS, *OF_ONE_ROLE, "replay", "arrive", "fixed")
    group = _room_group(table, room_groups)
    count, is_fixed = _count(table, role, group)
    read = People(
        name=table.text("name", length_max=NAME_LENGTH_MAX) if table.has("name") else "",
        role=role,
        count=count,
        rooms=group.name,
        arrive=_arrive(table, count, duration_s),
        acts=(*_acts(table, group, duration_s), *_replayed(table, role, group, recorded)),
        reads_every_s=_pause_s(table, "reads_every_s", role, 0.1),
        stay_s=_pause_s(table, "stay_s", role, PAUSE_S_MIN),
        away_s=_pause_s(table, "away_s", role, 0),
        is_fixed=is_fixed,
    )
    _require_fitting(table, role)
    table.close()
    return read


def _room_group(table: Table, room_groups: Mapping[str, RoomGroup]) -> RoomGroup:
    """The group of rooms they are in; the only one, when there is but one."""
    if table.has("rooms"):
        name = table.text("rooms", length_max=NAME_LENGTH_MAX)
    else:
        name = next(iter(room_groups)) if len(room_groups) == 1 else ""
    if name in room_groups:
        return room_groups[name]
    if room_groups:
        table.wrong("rooms", f"the name of one of [[rooms]]: {', '.join(room_groups)}")
    return UNKNOWN_ROOMS


def _count(table: Table, role: Role, group: RoomGroup) -> tuple[int, bool]:
    """How many, and whether that stays so; of hosts there is one a room."""
    if role is Role.HOST:
        return group.count, group.is_fixed
    return table.whole("count", least=1, most=PEOPLE_MAX), table.flag("fixed")


def _arrive(table: Table, count: int, duration_s: float) -> Curve | None:
    inner = table.table("arrive")
    return None if inner is None else curves.arrival(inner, count, duration_s)


def _acts(table: Table, group: RoomGroup, duration_s: float) -> list[Act]:
    read = [_act(table.table(key), kind, group, duration_s) for key, kind in ACTS.items()]
    return [act for act in read if act is not None]


def _act(table: Table | None, kind: Kind, group: RoomGroup, duration_s: float) -> Act | None:
    if table is None:
        return None
    curve = curves.rate(table, duration_s)
    has_offers = kind in (Kind.ORDER, Kind.PIN)
    offers = _chosen_offers(table, group) if has_offers else ()
    quantity = None
    if kind is Kind.ORDER and table.has("quantity"):
        quantity = table.whole("quantity", least=1, most=PIECES_MAX)
    table.close()
    return None if curve is None else Act(kind=kind, when=curve, offers=offers, quantity=quantity)


def _chosen_offers(table: Table, group: RoomGroup) -> tuple[str, ...]:
    chosen = table.texts("offers")
    known = [offer.offer for offer in group.offers]
    unknown = [offer for offer in chosen if offer not in known]
    if unknown and known and _is_known(table, group):
        there = f"there are {', '.join(known)}"
        table.note("offers", f'"{unknown[0]}" is not on sale in "{group.name}"; {there}')
    _require_offers(table, group)
    return chosen


def _is_known(table: Table, group: RoomGroup) -> bool:
    return group is not UNKNOWN_ROOMS and table.problems.is_sound(("rooms",))


def _require_offers(table: Table, group: RoomGroup) -> None:
    if not group.offers and _is_known(table, group):
        table.note("", f'needs something on sale; offers of the rooms "{group.name}" is empty')


def _replayed(table: Table, role: Role, group: RoomGroup, recorded: Recorded) -> list[Act]:
    """A host replays the pins of a show, everybody else all the rest."""
    if not table.has("replay"):
        return []
    file = table.text("replay", length_max=FILE_LENGTH_MAX)
    show = _show(table, file, recorded)
    acts = [
        Act(kind=kind, when=recording)
        for kind, recording in show.items()
        if (kind is Kind.PIN) == (role is Role.HOST)
    ]
    for key, kind in ACTS.items():
        if table.has(key) and kind in [act.kind for act in acts]:
            table.note(key, f"cannot be beside replay: {file} has {key} of its own")
    if any(act.kind in (Kind.ORDER, Kind.PIN) for act in acts):
        _require_offers(table, group)
    return acts


def _show(table: Table, file: str, recorded: Recorded) -> Mapping[Kind, Recording]:
    try:
        return recorded(file)
    except BadScenario as error:
        table.note("replay", f"cannot be read: {error}")
        return {}


def _pause_s(table: Table, key: str, role: Role, least: float) -> float | None:
    if role is not OF_ONE_ROLE[key]:
        return None
    return table.number(key, least=least, most=curves.DURATION_S_MAX)


def _require_fitting(table: Table, role: Role) -> None:
    """What one role needs, another cannot have."""
    if not table.problems.is_sound((*table.place, "role")):
        return
    needed = NEEDED.get(role)
    if needed and not table.has(needed) and not table.has("replay"):
        table.note("", f"role is {role.value} and {needed} is missing; without, make it a viewer")
    for key, owner in OF_ONE_ROLE.items():
        if table.has(key) and role is not owner:
            table.note(key, f"is only for a {owner.value}; this role is {role.value}")
    if role is Role.GUEST:
        for key in (*ACTS, "replay"):
            if table.has(key):
                table.note(key, "is not for guests; they have no token and only watch")
    if role is Role.HOST:
        for key in ("count", "arrive", "fixed"):
            if table.has(key):
                table.note(key, "is not for hosts; there is one in each room from the beginning")


def incident(table: Table, duration_s: float) -> Incident:
    trouble = table.choice("trouble", Trouble)
    read = Incident(
        trouble=trouble,
        at_s=table.number("at_s", least=0, most=duration_s),
        within_s=table.number("within_s", least=0, most=duration_s),
        people=table.texts("people"),
        share=table.number("share", least=0, most=1, default=1),
        to=table.text("to", length_max=NAME_LENGTH_MAX) if table.has("to") else None,
    )
    if read.at_s + read.within_s > duration_s and table.is_sound:
        table.note("within_s", f"ends at {read.at_s + read.within_s:g} s, behind the show's end")
    if table.problems.is_sound((*table.place, "trouble")):
        _require_destination(table, trouble)
    table.close()
    return read


def _require_destination(table: Table, trouble: Trouble) -> None:
    if trouble is Trouble.RAID and not table.has("to"):
        table.note("to", "is missing; it must be the name of the rooms that are raided")
    if trouble is not Trouble.RAID and table.has("to"):
        table.note("to", "is only for a raid")
