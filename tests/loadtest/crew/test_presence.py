"""Somebody is in a room when the scenario has it there and it may be."""

from loadtest.crew.presence import Presence
from loadtest.scenario.cast import Move, Movement


class Told:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.words: list[str] = []

    def come(self) -> None:
        self.words.append("come")

    def go(self) -> None:
        self.words.append("go")

    def drop(self) -> None:
        self.words.append("drop")

    def move(self, room: int) -> None:
        self.words.append(f"room {room}")


def moved(presence: Presence, person: int, move: Move, room: int = -1) -> None:
    presence.move(Movement(0.0, person, move, room))


def test_who_is_there_first_comes_when_called() -> None:
    told = Told()
    presence = Presence({3: told}, due=[3], called=[])
    assert presence.expected == []
    presence.call([3])
    assert told.words == ["come"]
    assert presence.expected == [3]


def test_who_arrives_later_comes_at_its_moment_when_it_was_called_before() -> None:
    told = Told()
    presence = Presence({3: told}, due=[], called=[])
    presence.call([3])
    assert told.words == []
    moved(presence, 3, Move.COME)
    assert told.words == ["come"]


def test_who_is_called_after_its_moment_comes_then() -> None:
    told = Told()
    presence = Presence({3: told}, due=[], called=[])
    moved(presence, 3, Move.COME)
    assert told.words == []
    presence.call([3])
    assert told.words == ["come"]


def test_who_is_dismissed_goes_acts_no_more_and_does_not_come_back_by_itself() -> None:
    told = Told()
    presence = Presence({3: told}, due=[3], called=[3])
    assert presence.may_act(3)
    presence.dismiss([3])
    moved(presence, 3, Move.COME)
    assert told.words == ["go"]
    assert not presence.may_act(3)
    presence.call([3])
    assert told.words == ["go", "come"]


def test_who_has_gone_by_the_scenario_is_not_brought_back_by_a_call() -> None:
    told = Told()
    presence = Presence({3: told}, due=[3], called=[3])
    moved(presence, 3, Move.GO)
    presence.dismiss([3])
    presence.call([3])
    assert told.words == ["go"]


def test_drops_and_raids_are_passed_on() -> None:
    told = Told()
    presence = Presence({3: told}, due=[3], called=[3])
    moved(presence, 3, Move.DROP)
    moved(presence, 3, Move.RAID, 1)
    assert told.words == ["drop", "room 1"]


def test_everybody_who_was_ever_called_is_known() -> None:
    presence = Presence({1: Told(), 2: Told(), 3: Told()}, due=[], called=[1])
    presence.call([2])
    presence.dismiss([2])
    assert presence.ever_called == {1, 2}
