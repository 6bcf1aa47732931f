"""What people in the audience feel like doing, by themselves and when something happens. Pure.

Must not know clocks: moments are seconds from now. Invariant: it follows from the chance it was
given alone, so that the same seed makes the same audience.
"""

from collections.abc import Callable, Sequence
from random import Random
from typing import Any, NamedTuple

from .phrases import PHRASES, Mood, Person
from .scene import Happening, Offer, Scene, What

FULL = 30
"""The audience that the pauses below are for; a smaller one is as lively a head."""
COMMENT_EVERY_S = 1.7
LIKE_EVERY_S = 1.2
GIFT_EVERY_S = 7.0
ORDER_EVERY_S = 5.0
STORM_EVERY_S = 60.0
PAUSE_LEAST_S = 0.05
COME_WITHIN_S = 12.0
THINK_S = (0.8, 3.0)
ORDER_SOON_S = (1.5, 9.0)
STORM_S = (0.2, 4.0)
TAPS_MAX = 8
LIKES_MAX = 12
STORM_GIVERS_MAX = 8
COINS_MAX = 2_000
"""What a single gift may cost, where there is a cheaper one."""
QUANTITIES = (1, 1, 1, 2)
MOODS: tuple[Mood, ...] = ("praise", "praise", "praise", "ask", "hello")
MOODS_WITH_AN_OFFER: tuple[Mood, ...] = ("praise", "ask", "ask", "want", "want")


class Say(NamedTuple):
    text: str


class Like(NamedTuple):
    taps: int


class Give(NamedTuple):
    """A combo of one gift: so many taps, one after the other."""

    gift: str
    price_minor: int
    taps: int


class Buy(NamedTuple):
    """Whatever is on sale by then."""


Deed = Say | Like | Give | Buy


class Impulse(NamedTuple):
    """Somebody is about to do something."""

    in_s: float
    person: Person
    deed: Deed


class Rhythm(NamedTuple):
    """What comes again and again, at irregular moments so far apart on average."""

    every_s: float
    impulses: Callable[[Scene], list[Impulse]]


class Temper:
    """The people of one audience. `gifts` as the server lists them: gift, price_minor."""

    def __init__(
        self, people: Sequence[Person], gifts: Sequence[dict[str, Any]], random: Random
    ) -> None:
        self._people = people
        self._random = random
        by_price = sorted(gifts, key=lambda gift: int(gift["price_minor"]))
        affordable = [gift for gift in by_price if gift["price_minor"] <= COINS_MAX]
        self._gifts = affordable or by_price[:1]
        self._said: dict[Mood, list[str]] = {}

    def arrivals(self) -> list[tuple[float, Person]]:
        """When each of them comes: a few at once, the others by and by."""
        share = max(1, len(self._people) - 1)
        return [
            (COME_WITHIN_S * (number / share) ** 1.5, person)
            for number, person in enumerate(self._people)
        ]

    def rhythms(self) -> list[Rhythm]:
        slower = FULL / max(1, len(self._people))
        return [
            Rhythm(COMMENT_EVERY_S * slower, self._chat),
            Rhythm(LIKE_EVERY_S * slower, lambda _: [self._now(Like(self._upto(LIKES_MAX)))]),
            Rhythm(GIFT_EVERY_S * slower, lambda _: self._gifts_of(1)),
            Rhythm(
                ORDER_EVERY_S * slower, lambda scene: [self._now(Buy())] if scene.pinned else []
            ),
            Rhythm(STORM_EVERY_S, lambda _: self._storm()),
        ]

    def pause_s(self, every_s: float) -> float:
        """From one moment of a rhythm to the next: exponential, as of independent people."""
        return min(max(every_s * self._random.expovariate(1), PAUSE_LEAST_S), 3 * every_s)

    def welcome(self, person: Person) -> list[Impulse]:
        """What somebody says who has just come; every other one does."""
        is_shy = self._random.random() < 0.5
        return [] if is_shy else [self._says(person, "hello")]

    def react(self, happening: Happening, scene: Scene) -> list[Impulse]:
        match happening.what:
            case What.PINNED:
                return self._look_at(scene.pinned.get(happening.subject))
            case What.SOLD_OUT:
                return self._several("late", 2)
            case What.SPOKE:
                return self._several("heard", 2)
            case What.GAVE if self._random.random() < 0.1:
                return self._several("cheer", 2)
        return []

    def bought(self, person: Person) -> list[Impulse]:
        """What a buyer says about it; every other one does."""
        return [self._says(person, "bought")] if self._random.random() < 0.5 else []

    def chooses(self, scene: Scene) -> tuple[Offer, int] | None:
        """What a buyer takes of what is left, and how much of it; mostly what is pinned last."""
        there = [offer for offer in scene.pinned.values() if offer["stock"] > 0]
        if not there:
            return None
        offer = there[-1] if self._random.random() < 0.7 else self._random.choice(there)
        quantity = self._random.choice(QUANTITIES)
        return offer, min(quantity, offer["stock"], offer.get("limit_per_buyer") or quantity)

    def _look_at(self, offer: Offer | None) -> list[Impulse]:
        """Something new is in front: questions, and the first orders."""
        if offer is None:
            return []
        buyers = self._random.randint(3, 7)
        orders = [self._later(ORDER_SOON_S, self._anybody(), Buy()) for _ in range(buyers)]
        return self._several("ask", 3) + self._several("want", 2) + orders

    def _chat(self, scene: Scene) -> list[Impulse]:
        mood = self._random.choice(MOODS_WITH_AN_OFFER if scene.pinned else MOODS)
        return [self._says(self._anybody(), mood)]

    def _storm(self) -> list[Impulse]:
        """Many give at once, and the others cheer."""
        return self._gifts_of(self._upto(STORM_GIVERS_MAX, least=4)) + self._several("cheer", 4)

    def _gifts_of(self, givers: int) -> list[Impulse]:
        return [self._later(STORM_S, self._anybody(), self._give()) for _ in range(givers)]

    def _give(self) -> Give:
        """Mostly what is cheapest, tapped again and again."""
        place = min(int(self._random.expovariate(1.2)), len(self._gifts) - 1)
        gift = self._gifts[place]
        taps = self._upto(TAPS_MAX) if place == 0 else self._upto(2)
        return Give(gift["gift"], gift["price_minor"], taps)

    def _several(self, mood: Mood, most: int) -> list[Impulse]:
        return [self._says(self._anybody(), mood) for _ in range(self._upto(most))]

    def _says(self, person: Person, mood: Mood) -> Impulse:
        return self._later(THINK_S, person, Say(self._words(person, mood)))

    def _words(self, person: Person, mood: Mood) -> str:
        """What was not said lately in this mood, where there is such."""
        phrases = PHRASES[person.language][mood]
        lately = self._said.setdefault(mood, [])
        fresh = [phrase for phrase in phrases if phrase not in lately]
        text = self._random.choice(fresh or phrases)
        self._said[mood] = [*lately, text][-len(phrases) :]
        return text

    def _now(self, deed: Deed) -> Impulse:
        return Impulse(0.0, self._anybody(), deed)

    def _later(self, within_s: tuple[float, float], person: Person, deed: Deed) -> Impulse:
        return Impulse(self._random.uniform(*within_s), person, deed)

    def _anybody(self) -> Person:
        return self._random.choice(self._people)

    def _upto(self, most: int, *, least: int = 1) -> int:
        return self._random.randint(least, most)
