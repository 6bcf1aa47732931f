"""Gifts and combos: whatever arrives how often and in which order, a combo costs its length."""

import asyncio
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from livesrv.auth import Principal
from livesrv.commerce import gifts, moderation, shows, wallets
from livesrv.commerce.keys import HOUR_MS
from livesrv.ledger.audit import audit
from livesrv.ledger.store import Ledger, install
from livesrv.refusal import Refused
from protocol import messages as m
from protocol.codes import ErrorCode
from tests.embedded import RunningStore, open_ledger, running

from .terms import terms

HOST = Principal("mei", "Mei", frozenset({"host"}))
BO = Principal("bo", "Bo", frozenset({"viewer"}))
NOW_MS = 1_700_000_000_000
PRICES = {"rose": 3, "heart": 10}
TERMS = terms(gifts=PRICES, gift_card_bps={"platform": 5000, "host": 5000})


async def give(
    ledger: Ledger, count: int, *, key: str = "k", gift: str = "rose", made_at_ms: int | None = None
) -> m.Gifted:
    command = m.Gift(id=1, room="r", gift=gift, key=key, count=count, made_at_ms=made_at_ms)
    return await gifts.give(ledger, BO, command, terms=TERMS, now_ms=NOW_MS)


async def open_show(ledger: Ledger, coins: int = 100) -> None:
    await shows.create(ledger, HOST, "r", shows.NewRoom(title="t"))
    await shows.start(ledger, HOST, "r", NOW_MS)
    await wallets.topup(ledger, user="bo", amount_minor=coins, currency="COIN", key="t")


async def test_only_what_is_new_in_a_combo_is_charged(ledger: Ledger) -> None:
    await open_show(ledger)
    answers = [await give(ledger, count) for count in (2, 2, 5, 1)]
    assert [(a.charged_minor, a.duplicate) for a in answers] == [
        (6, False),
        (0, True),
        (9, False),
        (0, True),
    ]
    assert answers[-1].balance_minor == 85


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(counts=st.lists(st.integers(1, 9), min_size=1, max_size=12))
def test_counts_racing_through_two_workers_cost_the_highest_of_them(
    counts: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    asyncio.run(race(counts, tmp_path_factory.mktemp("race")))


async def race(counts: list[int], directory: Path) -> None:
    async with (
        running("ledger", directory) as store,
        open_ledger(store.url) as one,
        open_ledger(store.url) as other,
    ):
        await install(one.store)
        await open_show(one)
        workers = [one, other]
        answers = await asyncio.gather(*(give(workers[i % 2], n) for i, n in enumerate(counts)))
        spent = PRICES["rose"] * max(counts)
        assert sum(answer.charged_minor for answer in answers) == spent
        assert await one.balances([("wallet:bo", "COIN")]) == [100 - spent]
        assert (await audit(one.store)).is_clean


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ({"count": 40}, ErrorCode.INSUFFICIENT_FUNDS),
        ({"count": 1, "gift": "yacht"}, ErrorCode.NOT_FOUND),
        ({"count": 1, "made_at_ms": NOW_MS - 73 * HOUR_MS}, ErrorCode.TOO_OLD),
        ({"count": 1, "made_at_ms": NOW_MS + HOUR_MS}, ErrorCode.INVALID),
    ],
)
async def test_a_gift_that_cannot_be_given_costs_nothing(
    ledger: Ledger, how: dict[str, int], code: ErrorCode
) -> None:
    await open_show(ledger)
    with pytest.raises(Refused) as refused:
        await give(ledger, **how)  # type: ignore[arg-type]
    assert refused.value.code is code
    assert await ledger.balances([("wallet:bo", "COIN")]) == [100]


async def test_a_key_belongs_to_one_gift(ledger: Ledger) -> None:
    await open_show(ledger)
    await give(ledger, 1)
    with pytest.raises(Refused) as refused:
        await give(ledger, 2, gift="heart")
    assert refused.value.code is ErrorCode.CONFLICT


async def test_a_ban_told_to_another_worker_counts_here_at_once(
    ledger_store: RunningStore,
) -> None:
    async with open_ledger(ledger_store.url) as one, open_ledger(ledger_store.url) as other:
        await open_show(one)
        await give(one, 1)
        ban = m.Moderate(id=1, room="r", action="ban", user="bo")
        await moderation.moderate(other, HOST, ban, NOW_MS)
        with pytest.raises(Refused) as refused:
            await give(one, 2)
        assert refused.value.code is ErrorCode.BANNED


async def test_after_the_show_has_ended_elsewhere_a_gift_is_refused(
    ledger_store: RunningStore,
) -> None:
    async with open_ledger(ledger_store.url) as one, open_ledger(ledger_store.url) as other:
        await open_show(one)
        await give(one, 1)
        await shows.end(other, HOST, "r", NOW_MS)
        with pytest.raises(Refused) as refused:
            await give(one, 2)
        assert refused.value.code is ErrorCode.NOT_LIVE
