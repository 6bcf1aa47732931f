"""A market for each test; in the end its books must be clean."""

from collections.abc import AsyncIterator

import pytest

from livesrv.ledger.store import Ledger
from tests.embedded import RunningStore, open_ledger
from tests.embedded import ledger as ledger
from tests.embedded import ledger_store as ledger_store

from .market import Market


@pytest.fixture
async def market(ledger: Ledger) -> AsyncIterator[Market]:
    """A room `r` whose host mei sells 10 peaches at 1000; lan has 100,000."""
    opened = Market(ledger)
    await opened.room()
    await opened.offer()
    await opened.fund("lan", 100_000)
    yield opened
    assert await opened.breaches() == []


@pytest.fixture
async def rival(ledger_store: RunningStore, market: Market) -> AsyncIterator[Market]:
    """Another worker over the same books: it knows nothing of what the first has in memory."""
    async with open_ledger(ledger_store.url) as other:
        found = Market(other)
        found.prices = market.prices
        yield found
