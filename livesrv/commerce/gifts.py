"""Gift -> entry. A combo is charged for what is new in it, whatever arrives how often.

The combo's charged count is a register: an entry that raises it from n to m is accepted only while
it stands at n, so of two racing commands the later one is composed again over what the first left.
That makes it happen once; the entry's id only has to tell a lost answer from a new command.
"""

from collections.abc import Mapping
from secrets import token_hex

import msgspec

from livesrv.auth import Principal
from livesrv.ledger.entry import (
    GIFTS_UNSETTLED,
    Entry,
    Rank,
    Register,
    Write,
    fingerprint,
    leg,
)
from livesrv.ledger.split import Due
from livesrv.ledger.store import Ledger, Status
from livesrv.refusal import Refused
from protocol.codes import ErrorCode
from protocol.messages import Gift, Gifted

from .cards import gift_card
from .keys import HOUR_MS, forget_at_ms
from .registers import (
    Combo,
    Room,
    gifters_ranking,
    moderation_register,
    read_moderation,
    read_room,
    require_live,
    require_not_banned,
    room_register,
)

COIN = "COIN"


async def give(
    ledger: Ledger,
    giver: Principal,
    gift: Gift,
    *,
    prices: Mapping[str, int],
    rates_bps: Mapping[str, int],
    key_window_h: int,
    now_ms: int,
) -> Gifted:
    """Charge a combo up to `gift.count`.

    Raises `Refused`: `not_found` for the room or the gift, `not_live`, `banned`,
    `insufficient_funds`, `conflict` when the key is another gift's, `too_old`.
    """
    if gift.gift not in prices:
        raise Refused(ErrorCode.NOT_FOUND, f"there is no gift {gift.gift}; see GET /v1/gifts")
    forget_ms = forget_at_ms(gift.made_at_ms, now_ms, key_window_h)
    room_name, moderation_name = room_register(gift.room), moderation_register(gift.room)
    combo_name = f"combo:{giver.user}:{gift.key}"
    names = [room_name, moderation_name, combo_name]
    attempt = token_hex(8)
    charged_minor = 0

    def compose(registers: dict[str, Register]) -> Entry | None:
        nonlocal charged_minor
        combo = _read_combo(registers[combo_name], gift)
        if gift.count <= combo.count:
            return None
        room = read_room(registers[room_name])
        require_live(room)
        require_not_banned(read_moderation(registers[moderation_name]), giver.user, now_ms)
        charged_minor = prices[gift.gift] * (gift.count - combo.count)
        entry = _entry(giver, gift, attempt, combo.count, room, charged_minor, rates_bps)
        entry.reads = [(name, registers[name].version) for name in names]
        combo.count = gift.count
        entry.writes = [Write(combo_name, msgspec.json.encode(combo).decode(), forget_ms)]
        entry.forget_at_ms = now_ms + key_window_h * HOUR_MS
        return entry

    outcome = await ledger.transact(names, compose, likely_absent=[combo_name])
    if outcome is None:
        balance = (await ledger.balances([(f"wallet:{giver.user}", COIN)]))[0]
        return Gifted(
            id=gift.id, key=gift.key, charged_minor=0, balance_minor=balance, duplicate=True
        )
    if outcome.status is not Status.POSTED:
        raise Refused(ErrorCode.INSUFFICIENT_FUNDS, "the wallet does not hold enough coins")
    return Gifted(
        id=gift.id,
        key=gift.key,
        charged_minor=charged_minor,
        balance_minor=outcome.after[0],
        duplicate=False,
    )


def _read_combo(register: Register, gift: Gift) -> Combo:
    if register.version == 0:
        return Combo(gift.room, gift.gift, 0)
    combo = msgspec.convert(register.value, Combo)
    if (combo.room, combo.gift) != (gift.room, gift.gift):
        raise Refused(
            ErrorCode.CONFLICT, f"the key {gift.key} is a combo of {combo.gift} in {combo.room}"
        )
    return combo


def _entry(
    giver: Principal,
    gift: Gift,
    attempt: str,
    charged: int,
    room: Room,
    coins: int,
    rates_bps: Mapping[str, int],
) -> Entry:
    identity = f"gift:{giver.user}:{gift.key}:{charged}-{gift.count}:{attempt}"
    due = Due(GIFTS_UNSETTLED, COIN, coins, gift_card(rates_bps, room.host.id))
    return Entry(
        id=identity,
        fingerprint=fingerprint([identity, gift.room, gift.gift]),
        kind="gift",
        room=gift.room,
        legs=[leg(f"wallet:{giver.user}", COIN, -coins), leg(GIFTS_UNSETTLED, COIN, coins)],
        ranks=[
            Rank(gifters_ranking(gift.room), f"{giver.user} {giver.name}", coins, is_raise=True)
        ],
        facts={
            "user": giver.as_user(),
            "gift": gift.gift,
            "combo": gift.key,
            "count": gift.count,
            "added": gift.count - charged,
            "coins": coins,
            "due": due,
        },
    )
