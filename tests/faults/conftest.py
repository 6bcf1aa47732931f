"""What the tests of this folder share: the seed of their randomness, and a server with two workers.

`SEED=7 pytest tests/faults` plays everything with other random numbers.
"""

from collections.abc import Callable, Iterator

import pytest

from tests.embedded import ledger_store as ledger_store
from tests.seeding import SEED
from tests.server import Serve, Server

from .shares import GIFT_CARD_BPS, ORDER_CARD_BPS


@pytest.fixture
def seed() -> int:
    print(f"SEED={SEED}")
    return SEED


@pytest.fixture
def two_workers(serve: Serve, record_property: Callable[[str, object], None]) -> Iterator[Server]:
    """A server of its own for a test that is not kind to it."""
    server = serve(workers=2, gift_card_bps=GIFT_CARD_BPS, order_card_bps=ORDER_CARD_BPS)
    yield server
    record_property("kills", len(server.killed))
