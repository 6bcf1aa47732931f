"""Where a request comes from, as budgets count it. Pure.

Must not know what is budgeted. Invariant: whoever is not one of our own proxies cannot choose the
address it is counted under: of `X-Forwarded-For`, only what our proxies appended is believed.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Networks = tuple[IPv4Network | IPv6Network, ...]

UNKNOWN = "unknown"
"""What all are counted under whose connection does not tell its other end; they have gone."""
HOST_BITS = 64
"""A household's or a phone's IPv6 network is a /64 (RFC 6177, RFC 7278): any number of addresses,
all of one subscriber."""


def networks(texts: Iterable[str]) -> Networks:
    """The networks written so. Raises `ValueError`, whose message says which is wrong."""
    return tuple(_network(text) for text in texts)


def client_address(peer: str | None, forwarded_for: str, trusted: Networks) -> str | None:
    """What the client behind a connection is budgeted under; None: under nothing.

    `peer` is the connection's other end, `forwarded_for` all its `X-Forwarded-For` joined by
    commas, empty without one. A trusted peer is a proxy of ours: the client is then the last hop
    that is not trusted. Each hop was written by the one behind it, so what stands before that hop
    is the client's own word. Nobody is budgeted where only ours are named (a tool on this machine),
    or where a proxy of ours wrote what is no address: all its clients would share one budget.
    """
    address = _parsed(peer or "")
    if address is None:
        return UNKNOWN
    hops = forwarded_for.split(",") if forwarded_for else []
    while address is not None and is_within(address, trusted):
        if not hops:
            return None
        address = _parsed(hops.pop())
    return None if address is None else _budgeted(address)


def is_trusted(peer: str | None, trusted: Networks) -> bool:
    """Whether the connection's other end is one of our own machines."""
    address = _parsed(peer or "")
    return address is not None and is_within(address, trusted)


def is_within(address: Address, networks: Networks) -> bool:
    return any(address in network for network in networks)


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text)
    except ValueError as error:
        raise ValueError(f"{error}; a network is written 10.1.0.0/16 or fd00::/8") from None


def _parsed(text: str) -> Address | None:
    """The address in a hop: 192.0.2.1, 192.0.2.1:8080, 2001:db8::1 or [2001:db8::1]:8080."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _budgeted(address: Address) -> str:
    if isinstance(address, IPv4Address):
        return str(address)
    return f"{IPv6Address(int(address) >> HOST_BITS << HOST_BITS)}/{HOST_BITS}"
