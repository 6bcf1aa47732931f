"""What a page loaded, by kind, from what the browser says of its requests. Pure.

What was asked for before the server first spoke on the WebSocket was loaded first; what a page
fetches once the show is there comes later. Invariant: each byte that came over the wire, headers
included, is of exactly one kind, and first or later.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Any
from urllib.parse import urlsplit

PAGE = ("document", "modules", "words", "styles", "art")
"""What the page is made of. What it then asks the server ("api"), a video and its "player", and
"other" things are its contents."""
_BY_ENDING = {".js": "modules", ".mjs": "modules", ".css": "styles"}
_ART = frozenset({".svg", ".png", ".webp", ".avif", ".jpg", ".ico", ".woff2"})


@dataclass
class Parcel:
    """One request; `wire_bytes` are 0 when the browser had it already."""

    kind: str
    url: str
    began_s: float
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
        self._spoken_s = inf

    def began(self, event: dict[str, Any]) -> None:
        url = event["request"]["url"]
        if url.startswith("http"):
            parcel = Parcel(kind_of(url, event.get("type", "")), url, event["timestamp"])
            self._by_request.setdefault(event["requestId"], parcel)

    def ended(self, event: dict[str, Any]) -> None:
        parcel = self._by_request.get(event["requestId"])
        if parcel is not None:
            parcel.wire_bytes = int(event["encodedDataLength"])

    def spoken(self, event: dict[str, Any]) -> None:
        """The server has said something on a WebSocket."""
        self._spoken_s = min(self._spoken_s, event["timestamp"])

    @property
    def requests(self) -> int:
        """How many went over the wire."""
        return sum(parcel.wire_bytes > 0 for parcel in self._by_request.values())

    def first_by_kind(self) -> dict[str, int]:
        """Bytes of the page itself that were loaded first."""
        sizes = dict.fromkeys(PAGE, 0)
        for parcel in self._first():
            sizes[parcel.kind] += parcel.wire_bytes
        return sizes

    def later_bytes(self) -> int:
        """Bytes of the page itself that were not."""
        return self._sum(PAGE) - sum(self.first_by_kind().values())

    def player_bytes(self) -> int:
        return self._sum(("player",))

    def largest(self, count: int) -> list[tuple[str, int]]:
        """The heaviest of what was loaded first, by path."""
        first = sorted(self._first(), key=lambda parcel: -parcel.wire_bytes)
        return [(urlsplit(each.url).path, each.wire_bytes) for each in first[:count]]

    def _first(self) -> list[Parcel]:
        return [
            parcel
            for parcel in self._by_request.values()
            if parcel.kind in PAGE and parcel.began_s <= self._spoken_s
        ]

    def _sum(self, kinds: Sequence[str]) -> int:
        parcels = self._by_request.values()
        return sum(parcel.wire_bytes for parcel in parcels if parcel.kind in kinds)
