"""Doing once what a key asks for: the first outcome answers every repeat, a refusal included."""

import secrets
from collections.abc import Collection, Sequence

from msgspec.structs import replace

from livesrv.ledger.entry import Entry
from livesrv.ledger.store import Compose, Ledger, Outcome, Status
from livesrv.refusal import Refused
from protocol.codes import ErrorCode

NEVER = ("", -1)
"""A read that no register meets: the entry is answered if its id is known, and stale otherwise."""


def attempt() -> str:
    """For the id of an entry that writes what it has read.

    Its versions make it happen once, not its id: who composes the same from an old memory of the
    registers must be told that it is stale, and not that all is done.
    """
    return secrets.token_hex(8)


async def transact_once(
    ledger: Ledger,
    blank: Entry,
    names: Sequence[str],
    compose: Compose,
    *,
    recorded: Collection[ErrorCode] = (),
) -> Outcome:
    """Post what `compose` makes of `blank`, which has the id and fingerprint.

    When `compose` refuses, what this id was answered before goes first; else the id is refused from
    now on for the codes in `recorded`, and this time only for the others and where waiting helps.
    Raises `Refused`: `conflict` when the id was used for other content.
    """
    try:
        outcome = await ledger.transact(names, compose)
    except Refused as refused:
        outcome = await _first_answer(ledger, blank, refused, recorded)
    assert outcome is not None  # whoever does something once composes an entry, or refuses
    if outcome.status is Status.CONFLICT:
        key = blank.id.rpartition(":")[2]
        raise Refused(ErrorCode.CONFLICT, f"the key {key} was used for something else")
    return outcome


async def _first_answer(
    ledger: Ledger, blank: Entry, refused: Refused, recorded: Collection[ErrorCode]
) -> Outcome:
    if refused.code in recorded and refused.retry_after_ms is None:
        look = replace(blank, refusal=refused.code.value)
    else:
        look = replace(blank, reads=[NEVER])
    outcome = await ledger.post(look)
    if outcome.is_repeat or outcome.status is Status.CONFLICT:
        return outcome
    raise refused
