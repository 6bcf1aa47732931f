"""What somebody in the room can see of the show. Pure.

Must not know who watches or what they will do. Invariant: after every message that was taken, what
is pinned is what the room's own pushes say.
"""

from enum import Enum
from typing import Any, NamedTuple

Message = dict[str, Any]
Offer = dict[str, Any]
"""As on the wire: offer, title, price_minor, currency, stock, limit_per_buyer."""


class What(Enum):
    """What an audience reacts to."""

    PINNED = "pinned"
    SOLD_OUT = "sold out"
    SPOKE = "the host spoke"
    GAVE = "somebody gave"
    BANNED = "banned"


class Happening(NamedTuple):
    """`subject` is the offer, or the user, it is about."""

    what: What
    subject: str


class Scene:
    """One room, as it stands."""

    def __init__(self) -> None:
        self.status = ""
        self.pinned: dict[str, Offer] = {}
        self._host = ""

    def take(self, message: Message) -> list[Happening]:
        """Take a `joined` or a batch; what has happened that one reacts to."""
        if message["type"] == "joined":
            return self._take_state(message["state"])
        happened = [each for event in message["events"] for each in self._take_event(event)]
        return happened + [
            Happening(What.SPOKE, self._host)
            for item in message["waterfall"]
            if item["type"] == "comment" and item["user"]["id"] == self._host
        ]

    def _take_state(self, state: Message) -> list[Happening]:
        known, self.pinned = self.pinned, {offer["offer"]: offer for offer in state["pinned"]}
        self.status, self._host = state["status"], state["host"]["id"]
        return [Happening(What.PINNED, offer) for offer in self.pinned if offer not in known]

    def _take_event(self, event: Message) -> list[Happening]:
        match event["type"]:
            case "started":
                self.status = "live"
            case "ended":
                self.status = "ended"
                self.pinned.clear()
            case "pinned":
                return self._pin(event)
            case "stock" if event["offer"] in self.pinned:
                self.pinned[event["offer"]] = event
            case "unpinned":
                self.pinned.pop(event["offer"], None)
            case "sold" | "reserved" | "unsold":
                return [each for line in event["lines"] for each in self._take_line(line)]
            case "gift":
                return [Happening(What.GAVE, event["user"]["id"])]
            case "banned":
                return [Happening(What.BANNED, event["user"])]
        return []

    def _pin(self, offer: Offer) -> list[Happening]:
        is_new = offer["offer"] not in self.pinned
        self.pinned[offer["offer"]] = offer
        return [Happening(What.PINNED, offer["offer"])] if is_new else []

    def _take_line(self, line: Message) -> list[Happening]:
        offer = self.pinned.get(line["offer"])
        if offer is None:
            return []
        had, offer["stock"] = offer["stock"], line["stock"]
        return [Happening(What.SOLD_OUT, line["offer"])] if had > 0 >= line["stock"] else []
