"""What the tests of this folder share: the seed of their randomness, and a server with two workers.

`SEED=7 pytest tests/faults` plays everything with other random numbers.
"""

import os

import pytest

from tests.server import Serve, Server

from .shares import GIFT_CARD_BPS, ORDER_CARD_BPS


@pytest.fixture
def seed() -> int:
    chosen = int(os.environ.get("SEED", "1"))
    print(f"SEED={chosen}")
    return chosen


@pytest.fixture
def two_workers(serve: Serve) -> Server:
    """A server of its own for a test that is not kind to it."""
    return serve(workers=2, gift_card_bps=GIFT_CARD_BPS, order_card_bps=ORDER_CARD_BPS)
