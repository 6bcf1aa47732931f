"""Money in: top-ups. And what a user holds and earns."""

from msgspec import Struct

from livesrv.ledger.entry import WORLD, Entry, Rank, fingerprint, leg
from livesrv.ledger.store import Ledger, Status
from livesrv.refusal import Refused
from protocol.codes import ErrorCode

from .registers import assets_ranking

ASSETS_MAX = 200


class ToppedUp(Struct):
    balance_minor: int
    duplicate: bool


class Holding(Struct):
    currency: str
    balance_minor: int


class Earning(Struct):
    currency: str
    pending_minor: int
    available_minor: int


async def topup(
    ledger: Ledger, *, user: str, amount_minor: int, currency: str, key: str
) -> ToppedUp:
    """Put money from outside into a wallet, once a key.

    Raises `Refused`: `conflict` for a used key, `invalid` where the wallet would hold over 2^50.
    """
    wallet = f"wallet:{user}"
    entry = Entry(
        id=f"topup:{user}:{key}",
        fingerprint=fingerprint([amount_minor, currency]),
        kind="topup",
        legs=[leg(wallet, currency, amount_minor), leg(WORLD, currency, -amount_minor)],
        ranks=[Rank(assets_ranking(wallet), currency, 1)],
        facts={"user": user, "key": key},
    )
    outcome = await ledger.post(entry)
    if outcome.status is Status.CONFLICT:
        raise Refused(ErrorCode.CONFLICT, f"the key {key} was used for another top-up")
    if outcome.status is Status.REFUSED:
        raise Refused(ErrorCode.INVALID, "the wallet would hold more than the limit")
    return ToppedUp(outcome.after[0], outcome.is_repeat)


async def holdings(ledger: Ledger, user: str) -> list[Holding]:
    """What a wallet holds, by currency."""
    wallet = f"wallet:{user}"
    assets = await _assets(ledger, wallet)
    amounts = await ledger.balances([(wallet, asset) for asset in assets])
    return [Holding(*pair) for pair in zip(assets, amounts, strict=True)]


async def earnings(ledger: Ledger, party: str) -> list[Earning]:
    """What a party has earned, by currency: pending, and available for payout."""
    pending, available = f"pending:{party}", f"available:{party}"
    assets = await _assets(ledger, pending)
    amounts = await ledger.balances([(a, asset) for a in (pending, available) for asset in assets])
    half = len(assets)
    return [Earning(*row) for row in zip(assets, amounts[:half], amounts[half:], strict=True)]


async def _assets(ledger: Ledger, account: str) -> list[str]:
    ranked = await ledger.top(assets_ranking(account), 0, ASSETS_MAX)
    return sorted(asset for asset, _ in ranked)
