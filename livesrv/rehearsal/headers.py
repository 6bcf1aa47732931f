"""What a proxy takes out of a message's headers, and what it puts in (RFC 9110 section 7.6). Pure.

Invariant: what is passed on always says that it was, so that the server behind never takes it for
a request of this machine itself.
"""

from collections.abc import Iterable, Mapping

from aiohttp import hdrs
from multidict import CIMultiDict, MultiMapping

HOP_BY_HOP = frozenset(
    {
        *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization"),
        *("proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"),
    }
)
OURS = frozenset({"content-length", "expect"})
"""Said anew of the body as it is sent on; what was expected has been answered."""
UPGRADE: Mapping[str, str] = {hdrs.CONNECTION: "Upgrade", hdrs.UPGRADE: "websocket"}


def asks_for_websocket(headers: MultiMapping[str]) -> bool:
    protocols = ",".join(headers.getall(hdrs.UPGRADE, ())).lower()
    return "upgrade" in _tokens(headers) and "websocket" in protocols


def asked(headers: MultiMapping[str], peer: str | None) -> CIMultiDict[str]:
    """A request's headers as they are sent on, for the client whose connection ends at `peer`."""
    passed = _without(headers, HOP_BY_HOP | OURS | _tokens(headers) | {"x-forwarded-for"})
    hops = [*headers.getall(hdrs.X_FORWARDED_FOR, ()), peer or "unknown"]
    passed[hdrs.X_FORWARDED_FOR] = ", ".join(hops)
    return passed


def answered(headers: MultiMapping[str]) -> CIMultiDict[str]:
    """An answer's headers as they are sent back."""
    return _without(headers, HOP_BY_HOP | _tokens(headers))


def _tokens(headers: MultiMapping[str]) -> frozenset[str]:
    """What `Connection` names: headers that are for this hop alone."""
    named = ",".join(headers.getall(hdrs.CONNECTION, ())).split(",")
    return frozenset(name.strip().lower() for name in named)


def _without(headers: MultiMapping[str], left_out: Iterable[str]) -> CIMultiDict[str]:
    names = frozenset(left_out)
    return CIMultiDict((name, text) for name, text in headers.items() if name.lower() not in names)
