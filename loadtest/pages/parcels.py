"""What a page loaded, by kind, from what the browser says of its requests. Pure.

Invariant: each byte that came over the wire, headers included, is of exactly one kind.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

KINDS = ("document", "modules", "words", "styles", "art", "player", "api", "other")
FIRST = ("document", "modules", "words", "styles", "art")
"""What the page is made of. What it then asks the server, and a video, are its contents."""
_BY_ENDING = {".js": "modules", ".mjs": "modules", ".css": "styles"}
_ART = frozenset({".svg", ".png", ".webp", ".avif", ".jpg", ".ico", ".woff2"})


@dataclass
class Parcel:
    """One request; `wire_bytes` are 0 when the browser had it already."""

    kind: str
    url: str
    wire_bytes: int = 0


def kind_of(url: str, resource_type: str) -> str:
    path = urlsplit(url).path
    ending = path[path.rfind(".") :] if "." in path else ""
    if resource_type == "Document":
        return "document"
    if "/v1/" in path:
        return "api"
    if path.endswith("/vendor/hls.js"):
        return "player"
    if "/words/" in path:
        return "words"
    return "art" if ending in _ART else _BY_ENDING.get(ending, "other")


class Parcels:
    """Takes the events of the browser's Network domain, in whatever order they come."""

    def __init__(self) -> None:
        self._by_request: dict[str, Parcel] = {}

    def began(self, event: dict[str, Any]) -> None:
        url = event["request"]["url"]
        if url.startswith("http"):
            parcel = Parcel(kind_of(url, event.get("type", "")), url)
            self._by_request.setdefault(event["requestId"], parcel)

    def ended(self, event: dict[str, Any]) -> None:
        parcel = self._by_request.get(event["requestId"])
        if parcel is not None:
            parcel.wire_bytes = int(event["encodedDataLength"])

    @property
    def requests(self) -> int:
        """How many went over the wire."""
        return sum(parcel.wire_bytes > 0 for parcel in self._by_request.values())

    def bytes_by_kind(self) -> dict[str, int]:
        sizes = dict.fromkeys(KINDS, 0)
        for parcel in self._by_request.values():
            sizes[parcel.kind] += parcel.wire_bytes
        return sizes

    def largest(self, count: int) -> list[tuple[str, int]]:
        """The heaviest parcels of the first load, by path."""
        first = [parcel for parcel in self._by_request.values() if parcel.kind in FIRST]
        first.sort(key=lambda parcel: -parcel.wire_bytes)
        return [(urlsplit(each.url).path, each.wire_bytes) for each in first[:count]]


def first_bytes(sizes: dict[str, int]) -> int:
    return sum(sizes[kind] for kind in FIRST)
