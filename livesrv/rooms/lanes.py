"""Lanes: the fixed parts into which the bus divides rooms and users, and what they are called.

All that the bus keeps of a lane carries the lane's hash tag, so it lies in one slot: on one node of
a cluster, where one script sees it whole. Pure; must not know where a lane lies. Invariant: what
belongs to which lane is the same in every process, for ever.
"""

import functools
import zlib

from redis.crc import key_slot

LANES = 32
"""So many nodes may share the bus."""
USER_LANES = 8
"""The first ones, which carry pushes to single users too. Each is a message more that a batch of
lines about many users becomes, and a channel more for every worker."""


@functools.lru_cache(maxsize=65_536)
def lane_of(room: str) -> int:
    """The lane of a room."""
    return zlib.crc32(room.encode()) % LANES


@functools.lru_cache(maxsize=65_536)
def lane_of_user(user: str) -> int:
    """The lane that carries pushes to a user, whose order is so kept."""
    return zlib.crc32(user.encode()) % USER_LANES


def slot_of(lane: int) -> int:
    """The hash slot in which all of a lane lies."""
    return int(key_slot(_tag(lane).encode()))


def cursor_key(lane: int) -> str:
    """How far the journal is relayed into the lane; gone when the lane has lost its memory."""
    return f"{_tag(lane)}:cursor"


def users_channel(lane: int) -> str:
    return f"{_tag(lane)}:users"


@functools.lru_cache(maxsize=65_536)
def room_key(room: str, what: str) -> str:
    return f"{_tag(lane_of(room))}:room:{room}:{what}"


def room_channel(room: str) -> str:
    return room_key(room, "channel")


def board_key(server: str) -> str:
    """Where the processes of a server pin up their samples."""
    return f"{_tag(lane_of(server))}:board:{server}"


def _tag(lane: int) -> str:
    return f"{{lane:{lane}}}"
