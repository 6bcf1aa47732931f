"""What a guest sees of the show, in numbers. Pure: time is an argument.

Must not know where the messages come from. Invariant: only what came over the wire is counted, so
the figures are what any viewer could have counted.
"""

from collections import Counter, deque
from collections.abc import Iterable
from typing import Any

RATE_WINDOW_S = 10.0
RECENT_MAX = 12

Message = dict[str, Any]


class Shelf:
    """Every offer that was heard of, with what was last said to be left of it."""

    def __init__(self) -> None:
        self._offers: dict[str, Message] = {}

    def put(self, offers: Iterable[Message]) -> None:
        self._offers |= {offer["offer"]: dict(offer) for offer in offers}

    def get(self, offer: str) -> Message | None:
        return self._offers.get(offer)

    def take(self, event: Message) -> None:
        """Follow an event of the reliable lane."""
        if event["type"] in ("pinned", "stock"):
            self.put([event])
        elif event["type"] == "sold":
            for line in event["lines"]:
                if offer := self._offers.get(line["offer"]):
                    offer["stock"] = line["stock"]

    def price_minor(self, line: Message) -> tuple[str, int]:
        """Currency and price of a sold line; nothing for an offer that was never heard of."""
        offer = self._offers.get(line["offer"])
        return ("?", 0) if offer is None else (offer["currency"], offer["price_minor"])


class Figures:
    """Counts since the beginning; `recent` is what fell past last, oldest first."""

    def __init__(self, shelf: Shelf) -> None:
        self.viewers = 0
        self.likes = 0
        self.comments = 0
        self.gifts = 0
        self.orders = 0
        self.pieces = 0
        self.taken_minor: Counter[str] = Counter()
        self.pinned: list[str] = []
        self.recent: deque[Message] = deque(maxlen=RECENT_MAX)
        self._shelf = shelf
        self._heard_at_s: deque[float] = deque()

    def take(self, message: Message, now_s: float) -> None:
        """Follow a `joined` or a batch."""
        if message["type"] == "joined":
            self._begin(message["state"])
            return
        for event in message["events"]:
            self._take_event(event)
        for drop in message["waterfall"]:
            self._take_drop(drop, now_s)

    def comments_per_s(self, now_s: float) -> float:
        """Over the last `RATE_WINDOW_S` seconds."""
        while self._heard_at_s and self._heard_at_s[0] < now_s - RATE_WINDOW_S:
            self._heard_at_s.popleft()
        return len(self._heard_at_s) / RATE_WINDOW_S

    def _begin(self, state: Message) -> None:
        self.viewers, self.likes = state["viewers"], state["likes"]
        self.pinned = [offer["offer"] for offer in state["pinned"]]
        self._shelf.put(state["pinned"])

    def _take_event(self, event: Message) -> None:
        self._shelf.take(event)
        match event["type"]:
            case "gift":
                self.gifts += event["added"]
                self.taken_minor["COIN"] += event["coins"]
                self.recent.append(event)
            case "sold":
                self._take_sold(event)
            case "pinned":
                self.pinned = [event["offer"], *self._pinned_but(event["offer"])]
            case "unpinned":
                self.pinned = self._pinned_but(event["offer"])
            case "ended":
                self.pinned = []

    def _take_sold(self, event: Message) -> None:
        self.orders += 1
        self.recent.append(event)
        for line in event["lines"]:
            currency, price_minor = self._shelf.price_minor(line)
            self.pieces += line["quantity"]
            self.taken_minor[currency] += price_minor * line["quantity"]

    def _take_drop(self, drop: Message, now_s: float) -> None:
        match drop["type"]:
            case "comment":
                self.comments += 1
                self._heard_at_s.append(now_s)
                self.recent.append(drop)
            case "like":
                self.likes = drop["total"]
            case "viewers":
                self.viewers = drop["count"]

    def _pinned_but(self, offer: str) -> list[str]:
        return [pinned for pinned in self.pinned if pinned != offer]
