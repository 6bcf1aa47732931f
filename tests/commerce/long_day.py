"""A long day in a market, made up by a seeded number: all kinds of things, many times."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from random import Random

from livesrv.refusal import Refused

from .market import Market
from .trading import BUYERS, CARD_ROLES, DAY_MS, OFFERS, Trading

DAY = 80
"""Things that happen in it."""


def long_day(trading: Trading, rng: Random) -> None:
    """Let it all happen; the books are looked at now and then."""
    for _ in range(DAY):
        rng.choice([_trade, _trade, _fulfil, _govern])(trading, rng)
        if rng.random() < 0.1:
            trading.check()


def _trade(trading: Trading, rng: Random) -> None:
    pick, buyer = rng.randrange(10**6), rng.choice(BUYERS)
    match rng.randrange(9):
        case 0 | 1:
            trading.buy(pick, buyer, rng.randint(1, 4))
        case 2:
            trading.hold(pick, buyer, rng.randint(1, 3))
        case 3 | 4:
            trading.tell_of_a_payment(pick, rng.randrange(2), rng.random() < 0.1)
        case 5:
            trading.give(pick, buyer, rng.randint(1, 50))
        case 6:
            trading.send_an_order_again(pick)
        case 7:
            trading.accept_a_private_price(pick, rng.randint(1, 5), rng.randint(1, 2000))
        case 8:
            trading.tell_of_a_failure(pick)


def _fulfil(trading: Trading, rng: Random) -> None:
    pick = rng.randrange(10**6)
    match rng.randrange(7):
        case 0:
            trading.move(pick, rng.choice(["ship", "deliver", "cancel"]))
        case 1 | 2:
            status, move = rng.choice([("paid", "ship"), ("shipped", "deliver")])
            for sheet in [each for each in trading.run(trading.sheets()) if each.status == status]:
                act = getattr(trading.worker(pick), move)
                trading.moves(sheet.order, move, act(sheet.order))
        case 3:
            trading.refund(pick, rng.choice([1, 10, 50, 100]))
        case 4:
            trading.pay_out(pick, rng.choice(["mei", "sam", "star"]))
        case 5:
            trading.send_money_back(pick)
        case 6:
            _at_once(trading, rng)


def _at_once(trading: Trading, rng: Random) -> None:
    """Several move one order together, and the clock with them; nobody hears of our bugs."""
    if not (order := trading.latest(rng.randrange(10**6))):
        return
    moves: list[Callable[[Market], Awaitable[object]]] = [
        lambda market: market.ship(order, tracking=market.fresh("t")),
        lambda market: market.deliver(order),
        lambda market: market.cancel(order),
        lambda market: market.refund(order, 1),
        lambda market: market.refund(order),
        lambda market: market.clockwork().look(),
        lambda market: market.settle(),
    ]
    acts = [move(rng.choice(trading.workers)) for move in rng.choices(moves, k=5)]
    for done in trading.run(_gathered(acts)):
        if isinstance(done, BaseException) and not isinstance(done, Refused):
            raise done
    trading.note("at once")


def _govern(trading: Trading, rng: Random) -> None:
    pick, offer = rng.randrange(10**6), rng.choice(OFFERS)
    match rng.randrange(6):
        case 0 | 1:
            trading.pass_time(pick, rng.choice([1000, 600_000, DAY_MS, 8 * DAY_MS]))
        case 2:
            trading.post_commission(pick)
        case 3:
            trading.restock(pick, offer)
        case 4:
            trading.change_terms(pick, offer, rng.randint(1, 1500))
        case 5:
            trading.change_card(pick, [rng.randrange(1600) for _ in CARD_ROLES])


async def _gathered(acts: Sequence[Awaitable[object]]) -> list[object]:
    return list(await asyncio.gather(*acts, return_exceptions=True))
