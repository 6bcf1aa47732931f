"""Rate cards: who earns what from a gift or an order. Pure; basis points (1/10,000).

A card gives a rate to some roles; one role takes what the others leave: the seller of an order, the
host of a gift. Of several cards the most specific one holds: the offer's own, its seller's, its
host's, its category's, the default. A role that nobody plays leaves its rate to that last role.
What a card became for one order is frozen on it, so that changing a card changes no past.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Annotated

from msgspec import Meta, Struct

from livesrv.ledger.entry import PLATFORM
from livesrv.ledger.split import BPS_WHOLE, Share, split

TAX = "@tax"
"""The tax office as a party; like the platform, nobody can have it for an id."""

SHARES_CACHED_MAX = 4_096
"""Orders of one offer are all split alike."""
RatesBps = dict[str, Annotated[int, Meta(ge=0, le=BPS_WHOLE)]]


class Card(Struct, frozen=True):
    """Rates by role, and which version of its card this is."""

    rates_bps: dict[str, int]
    version: int = 1


class Cards(Struct, frozen=True, omit_defaults=True):
    """The register `cards`: what holds where nothing more specific does."""

    order: Card | None = None
    gift: Card | None = None
    categories: dict[str, Card] = {}


def choose(candidates: Sequence[tuple[str, str, Card | None]]) -> tuple[Card, str]:
    """The first card that there is of (scope, subject, card), and its name with its version."""
    scope, subject, card = next(each for each in candidates if each[2] is not None)
    assert card is not None  # so it was chosen
    return card, f"{scope}:{subject} v{card.version}" if subject else f"{scope} v{card.version}"


def order_shares(
    card: Card, parties: Mapping[str, str | None], seller: str, hosts_bps: Mapping[str, int]
) -> tuple[Share, ...]:
    """An order's shares. `parties` says who plays a role, `hosts_bps` how hosts share theirs."""
    items = (tuple(pairs.items()) for pairs in (card.rates_bps, parties, hosts_bps))
    return _order_shares(seller, *items)


@lru_cache(SHARES_CACHED_MAX)
def _order_shares(
    seller: str,
    rates_bps: tuple[tuple[str, int], ...],
    parties: tuple[tuple[str, str | None], ...],
    hosts_bps: tuple[tuple[str, int], ...],
) -> tuple[Share, ...]:
    shares = _shares(dict(rates_bps), {"platform": PLATFORM, "tax": TAX, **dict(parties)})
    shares.append(Share("seller", seller, BPS_WHOLE - sum(share.rate_bps for share in shares)))
    return _jointly(shares, dict(hosts_bps))


def gift_shares(
    card: Card, host: str, agency: str | None, hosts_bps: Mapping[str, int]
) -> tuple[Share, ...]:
    """A gift's shares."""
    shares = _shares(card.rates_bps, {"platform": PLATFORM, "tax": TAX, "agency": agency})
    shares.append(Share("host", host, BPS_WHOLE - sum(share.rate_bps for share in shares)))
    return _jointly(shares, hosts_bps)


def _shares(rates_bps: Mapping[str, int], parties: Mapping[str, str | None]) -> list[Share]:
    played = [(role, parties.get(role), rate_bps) for role, rate_bps in rates_bps.items()]
    return [Share(role, party, rate_bps) for role, party, rate_bps in played if party]


def _jointly(shares: Sequence[Share], hosts_bps: Mapping[str, int]) -> tuple[Share, ...]:
    """Divide the host's share among those who sell together, to the basis point."""
    if not hosts_bps:
        return tuple(shares)
    among = [Share("cohost", user, rate_bps) for user, rate_bps in hosts_bps.items()]
    divided: list[Share] = []
    for share in shares:
        if share.role == "host":
            rates_bps = split(share.rate_bps, among)
            divided += [
                Share("host" if each.party == share.party else "cohost", each.party, rate_bps)
                for each, rate_bps in zip(among, rates_bps, strict=True)
            ]
        else:
            divided.append(share)
    return tuple(divided)
