"""Muting, banning, removing, and the modes of a room. Each is one entry, hence one event."""

from msgspec.structs import replace

from livesrv.auth import Principal
from livesrv.ledger.entry import Entry, Register, Registers, fingerprint
from livesrv.ledger.store import Ledger
from livesrv.refusal import Refused
from protocol.codes import ErrorCode
from protocol.messages import MODERATIONS, Moderate

from .registers import (
    Moderation,
    Room,
    moderation_register,
    read_moderation,
    read_room,
    require_host,
    room_register,
)
from .shows import show_entry

MODERATED_MAX = 2_000
"""How many users a room remembers as muted, and as many as banned."""


async def moderate(ledger: Ledger, user: Principal, command: Moderate, now_ms: int) -> None:
    """Mute, ban, remove, or change how the room may be spoken in.

    Raises `Refused`: `invalid` for an unknown action or a missing field, `forbidden` for anybody
    but the room's host and moderators.
    """
    _check(command)
    name, moderation_name = room_register(command.room), moderation_register(command.room)

    def compose(registers: Registers) -> Entry | None:
        room = read_room(registers[name])
        if "moderator" not in user.roles:
            require_host(room, user)
        match command.action:
            case "remove":
                return _removal(command, user)
            case "slow_mode" | "followers_only":
                return _settings(command, user, room, registers[name])
            case _:
                return _verdict(command, user, room, registers[moderation_name], now_ms)

    await ledger.transact([name, moderation_name], compose)


def _check(command: Moderate) -> None:
    if command.action not in MODERATIONS:
        known = ", ".join(MODERATIONS)
        raise Refused(ErrorCode.INVALID, f"unknown action {command.action!r}; known are {known}")
    for field in MODERATIONS[command.action]:
        if getattr(command, field) is None:
            raise Refused(ErrorCode.INVALID, f"{command.action} needs the field `{field}`")


def _removal(command: Moderate, user: Principal) -> Entry:
    """Removing depends on nothing; removing twice is one removal, whoever does it."""
    identity = f"remove:{command.room}:{command.comment}"
    return Entry(
        id=identity,
        fingerprint=fingerprint(identity),
        kind="remove",
        room=command.room,
        facts={"by": user.user, "comment": command.comment},
    )


def _settings(command: Moderate, user: Principal, room: Room, register: Register) -> Entry | None:
    if command.action == "slow_mode":
        changed = replace(room, slow_mode_s=command.seconds or 0)
    else:
        changed = replace(room, followers_only=command.seconds != 0)
    if changed == room:
        return None
    name = room_register(command.room)
    facts = {"slow_mode_s": changed.slow_mode_s, "followers_only": changed.followers_only}
    return show_entry(
        "settings", command.room, user, reads={name: register}, writes={name: changed}, facts=facts
    )


def _verdict(
    command: Moderate, user: Principal, room: Room, register: Register, now_ms: int
) -> Entry:
    assert command.user is not None  # `_check` has seen to it
    if command.user == room.host.id:
        raise Refused(ErrorCode.FORBIDDEN, "the host cannot be silenced in the own room")
    moderation = _without_served(read_moderation(register), now_ms)
    until_ms = now_ms + command.seconds * 1000 if command.seconds else None
    concerned = moderation.muted if command.action.endswith("mute") else moderation.banned
    if command.action.startswith("un"):
        concerned.pop(command.user, None)
    elif len(concerned) < MODERATED_MAX or command.user in concerned:
        concerned[command.user] = until_ms
    else:
        raise Refused(ErrorCode.LIMIT_EXCEEDED, f"at most {MODERATED_MAX} users at a time")
    name = moderation_register(command.room)
    return show_entry(
        command.action,
        command.room,
        user,
        reads={name: register},
        writes={name: moderation},
        facts={"user": command.user, "until_ms": until_ms},
    )


def _without_served(moderation: Moderation, now_ms: int) -> Moderation:
    """A copy of it without those whose time is over."""

    def unserved(concerned: dict[str, int | None]) -> dict[str, int | None]:
        return {user: t for user, t in concerned.items() if t is None or t >= now_ms}

    return Moderation(muted=unserved(moderation.muted), banned=unserved(moderation.banned))
