"""One demo server for all tests of the studio, where what is earned is available at once."""

from collections.abc import Iterator

import pytest

from tests.server import QUICK, Server, serving

TAX_BPS = 1_000
SETTINGS: dict[str, object] = {
    **QUICK,
    "demo": True,
    "rehearsal": False,
    "workers": 1,
    "return_window_h": 0,
    "gift_window_h": 0,
    "payout_tax_bps": TAX_BPS,
}


@pytest.fixture(scope="package")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Use rooms and users of your own on it. In the end its books must be clean."""
    with serving(tmp_path_factory.mktemp("studio"), SETTINGS) as running:
        yield running
        running.audit()
