"""Rate cards: who earns what from a gift or an order. Pure."""

from collections.abc import Mapping

from livesrv.ledger.entry import PLATFORM
from livesrv.ledger.split import BPS_WHOLE, Share


def gift_card(rates_bps: Mapping[str, int], host: str) -> list[Share]:
    """The card of a gift to a host."""
    return _card(rates_bps, {"platform": PLATFORM, "host": host})


def order_card(rates_bps: Mapping[str, int], host: str, seller: str) -> list[Share]:
    """The card of an order; the seller gets what the others leave."""
    rest_bps = BPS_WHOLE - sum(rates_bps.values())
    parties = {"platform": PLATFORM, "host": host, "seller": seller}
    return _card({**rates_bps, "seller": rest_bps}, parties)


def _card(rates_bps: Mapping[str, int], parties: Mapping[str, str]) -> list[Share]:
    return [Share(role, parties[role], rate_bps) for role, rate_bps in rates_bps.items()]
