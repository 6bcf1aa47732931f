"""Gift -> entry. A combo is charged for what is new in it, whatever arrives how often.

The combo's charged count is a register: an entry that raises it from n to m is accepted only while
it stands at n, so of two racing commands the later one is composed again over what the first left.
That makes it happen once; the entry's id only has to tell a lost answer from a new command.
"""

from secrets import token_hex

import msgspec
from msgspec.structs import replace

from livesrv.auth import Principal
from livesrv.ledger.entry import (
    GIFTS_UNSETTLED,
    Entry,
    Rank,
    Register,
    Registers,
    Write,
    fingerprint,
    leg,
)
from livesrv.ledger.split import Due, Portion
from livesrv.ledger.store import Ledger, Status
from livesrv.refusal import Refused
from protocol.codes import ErrorCode
from protocol.messages import Gift, Gifted, User

from .cards import gift_shares
from .keys import HOUR_MS, forget_at_ms
from .parties import CARDS_REGISTER, party_register, read_cards, read_party
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
from .terms import Terms

COIN = "COIN"


async def give(
    ledger: Ledger,
    giver: Principal,
    gift: Gift,
    *,
    terms: Terms,
    now_ms: int,
    is_buyer: bool = False,
) -> Gifted:
    """Charge a combo up to `gift.count`. `is_buyer`: the giver is shown as one who bought there.

    Raises `Refused`: `not_found` for the room or the gift, `not_live`, `banned`,
    `insufficient_funds`, `conflict` when the key is another gift's, `too_old`.
    """
    if gift.gift not in terms.gift_prices:
        raise Refused(ErrorCode.NOT_FOUND, f"there is no gift {gift.gift}; see GET /v1/gifts")
    forget_ms = forget_at_ms(gift.made_at_ms, now_ms, terms.key_window_h)
    room_name, moderation_name = room_register(gift.room), moderation_register(gift.room)
    combo_name = f"combo:{giver.user}:{gift.key}"
    names = [room_name, moderation_name, combo_name]
    attempt = token_hex(8)
    charged_minor = 0

    def compose(registers: Registers) -> Entry | None:
        nonlocal charged_minor
        combo = _read_combo(registers[combo_name], gift)
        if gift.count <= combo.count:
            return None
        room = read_room(registers[room_name])
        require_live(room)
        require_not_banned(read_moderation(registers[moderation_name]), giver.user, now_ms)
        charged_minor = terms.gift_prices[gift.gift] * (gift.count - combo.count)
        portion = _portion(registers, room, charged_minor, terms)
        shown = giver.as_user(is_buyer=is_buyer)
        entry = _entry(shown, gift, attempt, combo.count, portion, room)
        entry.reads = [(name, register.version) for name, register in registers.items()]
        charged = replace(combo, count=gift.count)
        entry.writes = [Write(combo_name, msgspec.json.encode(charged).decode(), forget_ms)]
        entry.forget_at_ms = now_ms + terms.key_window_h * HOUR_MS
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
    combo = register.read(Combo)
    if (combo.room, combo.gift) != (gift.room, gift.gift):
        raise Refused(
            ErrorCode.CONFLICT, f"the key {gift.key} is a combo of {combo.gift} in {combo.room}"
        )
    return combo


def _portion(registers: Registers, room: Room, coins: int, terms: Terms) -> Portion:
    """A gift's coins under the card that holds: the host's own, else the one for everybody."""
    party = read_party(registers[party_register(room.host.id)])
    cards = read_cards(registers[CARDS_REGISTER])
    card = party.gift_card or cards.gift or terms.gift_card
    return Portion(coins, gift_shares(card, room.host.id, party.agency, room.shares_bps))


def _entry(
    giver: User, gift: Gift, attempt: str, charged: int, portion: Portion, room: Room
) -> Entry:
    identity = f"gift:{giver.id}:{gift.key}:{charged}-{gift.count}:{attempt}"
    coins = portion.gross
    return Entry(
        id=identity,
        fingerprint=fingerprint([identity, gift.room, gift.gift]),
        kind="gift",
        room=gift.room,
        legs=[leg(f"wallet:{giver.id}", COIN, -coins), leg(GIFTS_UNSETTLED, COIN, coins)],
        ranks=[Rank(gifters_ranking(gift.room), f"{giver.id} {giver.name}", coins, is_raise=True)],
        facts={
            "user": giver,
            "gift": gift.gift,
            "combo": gift.key,
            "count": gift.count,
            "added": gift.count - charged,
            "coins": coins,
            "due": Due(GIFTS_UNSETTLED, COIN, (portion,)),
            "show": [room.host.id, room.began_ms],
        },
    )
