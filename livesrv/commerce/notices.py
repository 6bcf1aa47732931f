"""Notices: what a room's host or a moderator tells everybody at once. Each is one entry.

A notice has no key. Its text is what a repeat is known by: who says the same again while it is
still the latest, and fresh, is answered as if it had been said, and nobody hears it twice.
"""

from msgspec import Struct

from livesrv.auth import Principal
from livesrv.ledger.entry import Entry, Registers
from livesrv.ledger.store import Ledger
from livesrv.refusal import Refused
from protocol.codes import ErrorCode

from .registers import read_room, require_host, require_live, room_register
from .shows import show_entry

PAUSE_MS = 1_000
"""Between two notices of a room, whoever gives them: more than that nobody reads."""
SAME_MS = 10_000
"""How long the same words are a repeat: longer than a client takes to come back and try again."""


class Given(Struct, frozen=True):
    """The register `notice:ROOM`: the latest one, and when it was given."""

    text: str
    at_ms: int


async def give(ledger: Ledger, by: Principal, room_id: str, text: str, now_ms: int) -> None:
    """Tell a room something. The text is as it is to be shown.

    Raises `Refused`: `not_found`, `forbidden` for anybody but the room's host and moderators,
    `not_live`, `rate_limited` where the one before is too fresh.
    """
    name, notice_name = room_register(room_id), f"notice:{room_id}"

    def compose(registers: Registers) -> Entry | None:
        room = read_room(registers[name])
        if "moderator" not in by.roles:
            require_host(room, by)
        require_live(room)
        latest = registers[notice_name]
        if latest.version and _is_repeat(latest.read(Given), text, now_ms):
            return None
        writes = {notice_name: Given(text, now_ms)}
        facts = {"text": text}
        return show_entry("notice", room_id, by, reads=registers, writes=writes, facts=facts)

    await ledger.transact([name, notice_name], compose)


def _is_repeat(latest: Given, text: str, now_ms: int) -> bool:
    """Whether these words are told already. Raises `Refused` where others were told just now."""
    age_ms = now_ms - latest.at_ms
    if text == latest.text and 0 <= age_ms < SAME_MS:
        return True
    if 0 <= age_ms < PAUSE_MS:
        raise Refused(ErrorCode.RATE_LIMITED, "one notice a second", PAUSE_MS - age_ms)
    return False
