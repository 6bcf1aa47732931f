"""A room's state as the ledger has it, for those who come in and for those who only look."""

from livesrv.commerce.catalog import read_offers
from livesrv.commerce.registers import (
    gifters_ranking,
    moderation_register,
    read_moderation,
    read_room,
    room_register,
)
from livesrv.ledger.store import Ledger
from livesrv.rooms.room import Head
from protocol.messages import Gifter, State, User

GIFTERS_LOADED = 200


async def load_head(ledger: Ledger, room_id: str, now_ms: int) -> Head:
    """Read a room. Raises `Refused` `not_found`, and `Unavailable`.

    The place is read first: the state may be newer than it, never older, and the events between
    say the same once more.
    """
    seq, ranked = await ledger.ranked_room(room_id, gifters_ranking(room_id), GIFTERS_LOADED)
    name, moderation_name = room_register(room_id), moderation_register(room_id)
    registers = await ledger.read([name, moderation_name])
    room, moderation = read_room(registers[name]), read_moderation(registers[moderation_name])
    state = State(
        room=room_id,
        title=room.title,
        host=User(room.host.id, room.host.name, ["host"]),
        status=room.status,
        city=room.city,
        theme=room.theme,
        media_url=room.media_url,
        started_at_ms=room.started_at_ms,
        slow_mode_s=room.slow_mode_s,
        followers_only=room.followers_only,
        pinned=await read_offers(ledger, room_id, room.pinned, now_ms),
    )
    return Head(
        state=state,
        seq=seq,
        muted=dict(moderation.muted),
        banned=dict(moderation.banned),
        gifters=_gifters(ranked),
    )


def _gifters(ranked: list[tuple[str, int]]) -> dict[str, Gifter]:
    """Gifters by user id from members "ID NAME"; who changed the name stands there twice."""
    gifters: dict[str, Gifter] = {}
    for member, coins in ranked:
        user, _, name = member.partition(" ")
        if user in gifters:
            gifters[user].coins += coins
        else:
            gifters[user] = Gifter(User(user, name), coins)
    return gifters
