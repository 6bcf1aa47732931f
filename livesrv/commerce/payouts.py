"""Payouts: what is available leaves the books, less the tax withheld; coins turn into money.

A payout is one entry. What a party has available is the floor of its leg, so nobody is paid what is
not there, and a party in debt is paid nothing until new earnings have covered it.
"""

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from livesrv.auth import Principal
from livesrv.ledger.entry import WORLD, Entry, Leg, Registers, Write, fingerprint, leg
from livesrv.ledger.split import BPS_WHOLE
from livesrv.ledger.store import Ledger, Status
from livesrv.refusal import Refused
from protocol.codes import ErrorCode
from protocol.messages import AMOUNT_MAX, Currency, Id, TimeMs

from .gifts import COIN
from .parties import change_entry, require_ops

PAID_OUT = "paid_out"
TAX_WITHHELD = "tax_withheld"
COIN_RATES_REGISTER = "coin_rates"
COIN_RATES_MAX = 1_000
COINS_PRICED = 1_000
"""A rate is for so many coins, so that one may be worth less than the smallest unit."""


class NewCoinRate(Struct, kw_only=True, frozen=True):
    """The body of `POST /v1/coin-rates`: what 1,000 coins are worth from a moment on."""

    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}(?!\n)$")]
    from_ms: TimeMs
    minor_per_1000: Annotated[int, Meta(ge=0, le=10**9)]


class NewPayout(Struct, kw_only=True):
    """The body of `POST /v1/payouts`. `into` is the money that coins turn into."""

    key: Id | None = None
    amount_minor: Annotated[int, Meta(ge=1, le=AMOUNT_MAX)]
    currency: Currency
    into: Annotated[str, Meta(pattern=r"^[A-Z]{3}(?!\n)$")] | None = None


class Payout(Struct, frozen=True, kw_only=True):
    """What was paid out: `gross_minor` = `tax_minor` + `net_minor`, in `currency`."""

    payout: str
    taken_minor: int
    taken_currency: str
    gross_minor: int
    tax_minor: int
    net_minor: int
    currency: str


class PaidOut(Struct):
    """A payout, and what the party has available now in the currency it was taken from."""

    payout: Payout
    available_minor: int
    duplicate: bool


async def add_coin_rate(ledger: Ledger, by: Principal, new: NewCoinRate) -> list[NewCoinRate]:
    """Add a dated rate; returns all of them. The same again changes nothing.

    Raises `Refused` `conflict` for another rate from the same moment: the past stays as it is.
    """
    require_ops(by)
    rates: list[NewCoinRate] = []

    def compose(registers: Registers) -> Entry | None:
        nonlocal rates
        rates = read_coin_rates(registers)
        for rate in rates:
            if (rate.currency, rate.from_ms) == (new.currency, new.from_ms):
                if rate != new:
                    raise Refused(ErrorCode.CONFLICT, f"there is a rate from {new.from_ms}")
                return None
        if len(rates) >= COIN_RATES_MAX:
            raise Refused(ErrorCode.LIMIT_EXCEEDED, f"at most {COIN_RATES_MAX} rates are kept")
        rates = sorted([*rates, new], key=lambda rate: (rate.currency, rate.from_ms))
        register = registers[COIN_RATES_REGISTER]
        return change_entry("coin_rate", by, COIN_RATES_REGISTER, register, rates, {"rate": new})

    await ledger.transact([COIN_RATES_REGISTER], compose)
    return rates


async def list_coin_rates(ledger: Ledger) -> list[NewCoinRate]:
    """All rates there are, by currency and moment."""
    return read_coin_rates(Registers(await ledger.read([COIN_RATES_REGISTER])))


def read_coin_rates(registers: Registers) -> list[NewCoinRate]:
    register = registers[COIN_RATES_REGISTER]
    return list(register.read(tuple[NewCoinRate, ...])) if register.version else []


async def pay_out(
    ledger: Ledger, party: str, key: str, new: NewPayout, *, tax_bps: int, now_ms: int
) -> PaidOut:
    """Pay out what a party has available, once a key.

    Raises `Refused`: `insufficient_funds` for more than is available, `not_eligible` for coins
    without a rate, `invalid`, `conflict` for a used key.
    """
    if (new.currency == COIN) != (new.into is not None):
        raise Refused(ErrorCode.INVALID, "`into` is needed for COIN, and for nothing else")
    name, available = f"payout:{party}:{key}", f"available:{party}"

    def compose(registers: Registers) -> Entry | None:
        if registers[name].version:
            if not _is_same(registers[name].read(Payout), new):
                raise Refused(ErrorCode.CONFLICT, f"the key {key} was used for another payout")
            return None
        rate = _rate(registers, new.into, now_ms)
        payout = _payout(key, new, rate, tax_bps)
        return Entry(
            id=name,
            fingerprint=fingerprint([new.amount_minor, new.currency, new.into]),
            kind="payout",
            legs=_legs(available, payout),
            reads=[(each, register.version) for each, register in registers.items()],
            writes=[Write(name, msgspec.json.encode(payout).decode())],
            facts={"party": party, "payout": payout, "tax_bps": tax_bps, "rate": rate},
        )

    outcome = await ledger.transact([name], compose, likely_absent=[name])
    if outcome is not None and outcome.status is Status.REFUSED:
        raise Refused(ErrorCode.INSUFFICIENT_FUNDS, f"not so much is available: {outcome.why}")
    if outcome is not None and outcome.status is Status.CONFLICT:
        raise Refused(ErrorCode.CONFLICT, f"the key {key} was used for another payout")
    payout = (await ledger.read([name]))[name].read(Payout)
    (balance,) = await ledger.balances([(available, new.currency)])
    return PaidOut(payout, balance, outcome is None or outcome.is_repeat)


def _is_same(payout: Payout, new: NewPayout) -> bool:
    told = (payout.taken_minor, payout.taken_currency, payout.currency)
    return told == (new.amount_minor, new.currency, new.into or new.currency)


def _rate(registers: Registers, into: str | None, now_ms: int) -> NewCoinRate | None:
    """The rate in force, None where no coins are turned into money."""
    if into is None:
        return None
    rates = read_coin_rates(registers)
    begun = [rate for rate in rates if rate.currency == into and rate.from_ms <= now_ms]
    if not begun:
        raise Refused(ErrorCode.NOT_ELIGIBLE, f"there is no rate of coins in {into} yet")
    return max(begun, key=lambda rate: rate.from_ms)


def _payout(key: str, new: NewPayout, rate: NewCoinRate | None, tax_bps: int) -> Payout:
    """The arithmetic; both divisions round down, in favour of the platform and of the party."""
    gross = new.amount_minor
    if rate is not None:
        gross = gross * rate.minor_per_1000 // COINS_PRICED
        if gross == 0:
            raise Refused(ErrorCode.INVALID, f"{new.amount_minor} coins are worth nothing yet")
    tax = gross * tax_bps // BPS_WHOLE
    return Payout(
        payout=key,
        taken_minor=new.amount_minor,
        taken_currency=new.currency,
        gross_minor=gross,
        tax_minor=tax,
        net_minor=gross - tax,
        currency=new.into or new.currency,
    )


def _legs(available: str, payout: Payout) -> list[Leg]:
    """The floor is what blocks a payout of what is not there."""
    legs = [leg(available, payout.taken_currency, -payout.taken_minor, floor=0)]
    if payout.taken_currency == COIN:
        legs.append(leg(WORLD, COIN, payout.taken_minor))
        legs.append(leg(WORLD, payout.currency, -payout.gross_minor))
    legs.append(leg(PAID_OUT, payout.currency, payout.net_minor))
    if payout.tax_minor:
        legs.append(leg(TAX_WITHHELD, payout.currency, payout.tax_minor))
    return legs
