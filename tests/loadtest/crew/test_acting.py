"""From an entry of the schedule to what somebody sends."""

from typing import Any, cast

import pytest

from loadtest.books.books import Books
from loadtest.books.receipts import Purchase
from loadtest.client.viewer import LIKES, Viewer
from loadtest.crew.acting import Actor
from loadtest.crew.messages import Gift
from loadtest.crew.presence import Presence
from loadtest.scenario.cast import Cast, Move, Movement
from loadtest.scenario.model import Act, Kind, Recording, Scenario

from ..shows import act, crowd, show

START_MS = 10_000.0


class Person:
    """Stands for a viewer: remembers what it was to do."""

    def __init__(self, number: int, room: int) -> None:
        self.number = number
        self.room = room
        self.room_id = f"r1-r{room}"
        self.did: list[tuple[Any, ...]] = []
        self.bought: list[Purchase] = []

    def say(self, number: int, intended_ms: float, size: int) -> None:
        self.did.append((number, intended_ms, size))

    def like(self, number: int, taps: int) -> None:
        self.did.append((number, taps))

    def pin(self, number: int, offer: str, is_up: bool) -> None:
        self.did.append((number, offer, is_up))

    def buy(self, purchase: Purchase) -> None:
        self.bought.append(purchase)

    def come(self) -> None:
        self.did.append(("come",))

    def go(self) -> None:
        self.did.append(("go",))

    def drop(self) -> None:
        self.did.append(("drop",))

    def move(self, room: int) -> None:
        self.did.append(("move", room))


class Scene:
    """A show whose people are stood for."""

    def __init__(self, scenario: Scenario, called: range = range(1_000)) -> None:
        self.cast = Cast(scenario)
        rooms = [f"r1-r{room}" for room in range(self.cast.room_count)]
        books = Books("r1", rooms, self.cast.schedule, lambda: 0.0)
        books.start_ms = START_MS
        numbers = range(self.cast.size)
        self.people = {number: Person(number, self.cast.room_of(number)) for number in numbers}
        people = cast("dict[int, Viewer]", self.people)
        self.presence = Presence(people, numbers, called)
        self.actor = Actor(books, self.cast, people, self.presence, Gift("rose", 3))

    def play(self) -> "Scene":
        for _, table, number in self.cast.schedule.in_order():
            self.actor.do((table, number))
        return self

    def did(self) -> list[tuple[Any, ...]]:
        return [each for person in self.people.values() for each in person.did]

    def bought(self) -> list[Purchase]:
        return [each for person in self.people.values() for each in person.bought]


def recorded(kind: Kind, *sizes: int) -> Scene:
    """One person who does what was recorded."""
    moments = tuple(0.1 * (place + 1) for place in range(len(sizes)))
    act = Act(kind=kind, when=Recording("show.jsonl", moments, sizes))
    return Scene(show(crowd(1, act), rooms=1)).play()


def test_a_comment_is_said_with_its_number_and_its_moment() -> None:
    scene = Scene(show(crowd(3, act(Kind.COMMENT, 5)))).play()
    (table,) = scene.cast.schedule.tables
    said = [(number, START_MS + at_ms, 0) for number, at_ms in enumerate(table.intended_ms)]
    assert sorted(scene.did()) == said


def test_a_like_brings_some_taps() -> None:
    assert Scene(show(crowd(1, act(Kind.LIKE, 2)))).play().did() == [(0, LIKES), (1, LIKES)]


def test_pins_of_a_host_go_up_and_down_through_its_offers() -> None:
    act_ = act(Kind.PIN, 6, offers=("tea", "honey"))
    scene = Scene(show(crowd(1, act_), rooms=1)).play()
    offers = [("tea", True), ("tea", False), ("honey", True), ("honey", False)]
    assert [each[1:] for each in scene.did()] == [*offers, *offers[:2]]


def test_gifts_of_a_person_count_up_in_combos_of_its_own() -> None:
    scene = Scene(show(crowd(2, act(Kind.GIFT, 8)), rooms=1)).play()
    for person in (1, 2):
        commands = [each.command for each in scene.people[person].bought]
        keys = [f"r1-g{person}-0"] * 3 + [f"r1-g{person}-1"]
        assert [command["key"] for command in commands] == keys
        assert [command["count"] for command in commands] == [1, 2, 3, 1]
        assert {(command["gift"], command["room"]) for command in commands} == {("rose", "r1-r0")}


def test_orders_have_keys_of_their_own_and_cost_what_they_must() -> None:
    act_ = act(Kind.ORDER, 6, offers=("tea",), quantity=2)
    purchases = Scene(show(crowd(2, act_), crowd(2, act_, name="more"))).play().bought()
    assert {each.command["key"] for each in purchases} == {f"r1-o{n}" for n in range(12)}
    assert {each.number for each in purchases} == set(range(12))
    for each in purchases:
        assert each.command["lines"] == [{"offer": "tea", "quantity": 2}]
        assert (each.command["total_minor"], each.command["currency"]) == (2 * 12_800, "CNY")
        assert START_MS <= each.intended_ms <= START_MS + 1_000


def test_who_was_led_elsewhere_buys_there_and_what_there_is() -> None:
    scene = Scene(show(crowd(1, act(Kind.ORDER, 1, offers=("no such thing",))), rooms=2))
    scene.people[2].room, scene.people[2].room_id = 1, "r1-r1"
    (purchase,) = scene.play().bought()
    assert purchase.command["room"] == "r1-r1"
    assert purchase.command["lines"][0]["offer"] in {"peach", "tea", "honey"}


def test_what_was_recorded_has_its_size_again() -> None:
    assert recorded(Kind.COMMENT, 70).did() == [(0, START_MS + 100, 70)]
    assert recorded(Kind.LIKE, 7, 12).did() == [(0, 7), (1, 12)]
    (order,) = recorded(Kind.ORDER, 9).bought()
    assert order.command["lines"][0]["quantity"] == 9
    one, two = (each.command for each in recorded(Kind.GIFT, 5, 2).bought())
    assert (one["count"], two["count"]) == (5, 2)
    assert one["key"] != two["key"]


def test_who_may_not_be_there_does_nothing() -> None:
    scenario = show(crowd(2, act(Kind.COMMENT, 6), act(Kind.ORDER, 6)), rooms=1)
    scene = Scene(scenario, called=range(2)).play()
    assert len(scene.people[1].did) == len(scene.people[1].bought) == 3
    assert not scene.people[2].did
    assert not scene.people[2].bought


@pytest.mark.parametrize(
    ("move", "done"),
    [
        (Move.COME, ("come",)),
        (Move.GO, ("go",)),
        (Move.DROP, ("drop",)),
        (Move.RAID, ("move", 1)),
    ],
)
def test_people_move_as_they_are_told(move: Move, done: tuple[Any, ...]) -> None:
    scene = Scene(show(crowd(1)))
    scene.actor.do(Movement(0.0, 2, move, 1))
    assert scene.people[2].did == [done]
