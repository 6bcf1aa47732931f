"""A room's show: created, started, its offers pinned, ended. Each step is one entry."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from livesrv.auth import Principal
from livesrv.ledger.entry import Entry, Leg, Rank, Register, Registers, Write, fingerprint, leg
from livesrv.ledger.store import Ledger
from livesrv.refusal import Refused
from protocol.codes import ErrorCode
from protocol.messages import ABOUT_ROOM, Id, Short, Title, Url, User

from .diary import Page, diary_register, noted, read_diary
from .once import attempt
from .registers import (
    Room,
    moderation_register,
    offer_register,
    read_moderation,
    read_room,
    read_sheet,
    require_host,
    require_live,
    room_register,
    sku,
    stock_account,
    terms_shown,
)

LIVE_RANKING = "live"
PINNED_MAX = 20


class NewRoom(Struct, kw_only=True):
    """The body of `POST /v1/rooms`."""

    room: Id | None = None
    title: Title
    city: Short | None = None
    theme: Short | None = None
    media_url: Url | None = None


class RoomChange(Struct, kw_only=True):
    """The body of `PATCH /v1/rooms/{room}`: what is to be otherwise. Null takes it away."""

    title: Title | UnsetType = UNSET
    city: Short | UnsetType | None = UNSET
    theme: Short | UnsetType | None = UNSET
    media_url: Url | UnsetType | None = UNSET


def show_entry(
    kind: str,
    room_id: str,
    by: Principal,
    *,
    reads: Mapping[str, Register],
    writes: Mapping[str, object],
    facts: dict[str, Any] | None = None,
    legs: Sequence[Leg] = (),
    ranks: Sequence[Rank] = (),
) -> Entry:
    """An entry that happens once for the versions it has read.

    One that writes nothing is the same entry, whoever composes it.
    """
    versions = {name: register.version for name, register in reads.items()}
    content = fingerprint([kind, room_id, by.user, versions, facts, attempt() if writes else ""])
    return Entry(
        id=f"{kind}:{room_id}:{content}",
        fingerprint=content,
        kind=kind,
        room=room_id,
        legs=list(legs),
        reads=list(versions.items()),
        writes=[Write(name, msgspec.json.encode(doc).decode()) for name, doc in writes.items()],
        ranks=list(ranks),
        facts={"by": by.user, **(facts or {})},
    )


async def create(ledger: Ledger, host: Principal, room_id: str, new: NewRoom) -> None:
    """Open a room for a host; the same again changes nothing.

    Raises `Refused`: `forbidden` without the host role, `conflict` when the id is taken.
    """
    if "host" not in host.roles:
        raise Refused(ErrorCode.FORBIDDEN, "opening a room takes the role host")
    name = room_register(room_id)
    about = {"title": new.title, "city": new.city, "theme": new.theme, "media_url": new.media_url}

    def compose(registers: Registers) -> Entry | None:
        if registers[name].version == 0:
            room = Room(host=User(host.user, host.name), **about)  # type: ignore[arg-type]
            entry = show_entry("room", room_id, host, reads=registers, writes={name: room})
            return replace(entry, room="")  # before the first event of its sequence
        found = read_room(registers[name])
        if found.host.id != host.user or any(getattr(found, k) != v for k, v in about.items()):
            raise Refused(ErrorCode.CONFLICT, f"the room {room_id} exists with other content")
        return None

    await ledger.transact([name], compose, likely_absent=[name])


async def change(ledger: Ledger, host: Principal, room_id: str, wanted: RoomChange) -> None:
    """Say otherwise what a room is called and where it is seen. What it is already is no change.

    Raises `Refused`: `not_found`, `forbidden` for anybody but its host.
    """
    name = room_register(room_id)
    named = {each: getattr(wanted, each) for each in ABOUT_ROOM}
    named = {each: value for each, value in named.items() if value is not UNSET}

    def compose(registers: Registers) -> Entry | None:
        room = _own_room(registers[name], host)
        changed = replace(room, **named)
        if changed == room:
            return None
        facts = {each: getattr(changed, each) for each in ("slow_mode_s", "followers_only")}
        facts |= {each: getattr(changed, each) for each in ABOUT_ROOM}
        return show_entry(
            "settings", room_id, host, reads=registers, writes={name: changed}, facts=facts
        )

    await ledger.transact([name], compose)


async def start(ledger: Ledger, host: Principal, room_id: str, now_ms: int) -> None:
    """Begin the show. Starting what is live changes nothing."""
    name, diary_name = room_register(room_id), diary_register(host.user)

    def compose(registers: Registers) -> Entry | None:
        room = _own_room(registers[name], host)
        if room.status == "live":
            return None
        room = replace(room, status="live", started_at_ms=now_ms)
        page = Page(room=room_id, title=room.title, started_at_ms=now_ms)
        return show_entry(
            "start",
            room_id,
            host,
            reads=registers,
            writes={name: room, diary_name: noted(read_diary(registers[diary_name]), page)},
            facts={"started_at_ms": now_ms},
            ranks=[Rank(LIVE_RANKING, room_id, now_ms)],
        )

    await ledger.transact([name, diary_name], compose)


async def end(ledger: Ledger, host: Principal, room_id: str, now_ms: int) -> None:
    """End the show, and with it the mutes that were for its rest.

    Raises `Refused` `not_live` when none is on.
    """
    name, moderation_name = room_register(room_id), moderation_register(room_id)
    diary_name = diary_register(host.user)

    def compose(registers: Registers) -> Entry:
        room = _own_room(registers[name], host)
        require_live(room)
        room = replace(room, status="ended", pinned=())
        moderation = read_moderation(registers[moderation_name])
        lasting = {user: until for user, until in moderation.muted.items() if until is not None}
        moderation = replace(moderation, muted=lasting)
        began_ms = room.began_ms
        page = Page(room=room_id, title=room.title, started_at_ms=began_ms, ended_at_ms=now_ms)
        diary = noted(read_diary(registers[diary_name]), page)
        return show_entry(
            "end",
            room_id,
            host,
            reads=registers,
            writes={name: room, moderation_name: moderation, diary_name: diary},
            facts={"show": [host.user, began_ms]},
            ranks=[Rank(LIVE_RANKING, room_id, 0)],
        )

    await ledger.transact([name, moderation_name, diary_name], compose)


async def pin(ledger: Ledger, host: Principal, room_id: str, offer: str, now_ms: int) -> None:
    """Show an offer to everybody. Pinning what is pinned changes nothing."""
    name, offer_name = room_register(room_id), offer_register(room_id, offer)

    def compose(registers: Registers) -> Entry | None:
        room = _own_room(registers[name], host)
        sheet = read_sheet(registers[offer_name], offer)
        if offer in room.pinned:
            return None
        if len(room.pinned) >= PINNED_MAX:
            raise Refused(ErrorCode.LIMIT_EXCEEDED, f"at most {PINNED_MAX} offers may be pinned")
        room = replace(room, pinned=(offer, *room.pinned))
        facts = {"offer": offer, "sheet": terms_shown(sheet, now_ms)}
        stock_now = leg(stock_account(room_id, offer), sku(room_id, offer), 0)
        return show_entry(
            "pin",
            room_id,
            host,
            reads=registers,
            writes={name: room},
            facts=facts,
            legs=[stock_now],
        )

    await ledger.transact([name, offer_name], compose)


async def unpin(ledger: Ledger, host: Principal, room_id: str, offer: str) -> None:
    """Take an offer down. Unpinning what is not pinned changes nothing."""
    name = room_register(room_id)

    def compose(registers: Registers) -> Entry | None:
        room = _own_room(registers[name], host)
        if offer not in room.pinned:
            return None
        room = replace(room, pinned=tuple(each for each in room.pinned if each != offer))
        facts = {"offer": offer}
        return show_entry("unpin", room_id, host, reads=registers, writes={name: room}, facts=facts)

    await ledger.transact([name], compose)


def _own_room(register: Register, host: Principal) -> Room:
    room = read_room(register)
    require_host(room, host)
    return room
