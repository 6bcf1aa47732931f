"""Who of a crew is in a room: whoever the scenario has there, and who may be. Pure.

Must not know moments. Usually everybody may be in from the first; where another engine brings
people in, only those it has called. Invariant: somebody is told to come when both hold, and to go
as soon as one does not.
"""

from collections.abc import Iterable, Mapping
from typing import Protocol

from ..scenario.cast import Move, Movement


class Visitor(Protocol):
    """Somebody who can be told to come and to go."""

    def come(self) -> None: ...

    def go(self) -> None: ...

    def drop(self) -> None: ...

    def move(self, room: int) -> None: ...


class Presence:
    """The people of one crew by number. `due` are those whom the scenario has in a room now."""

    def __init__(
        self, people: Mapping[int, Visitor], due: Iterable[int], called: Iterable[int]
    ) -> None:
        self._people = people
        self._due = set(due)
        self._called = set(called)
        self.ever_called = set(self._called)

    def may_act(self, person: int) -> bool:
        return person in self._called

    @property
    def expected(self) -> list[int]:
        """Who is to be in a room now."""
        return sorted(self._due & self._called)

    def call(self, people: Iterable[int]) -> None:
        """These may be in from now on."""
        for person in people:
            self._called.add(person)
            self.ever_called.add(person)
            if person in self._due:
                self._people[person].come()

    def dismiss(self, people: Iterable[int]) -> None:
        """These may not, until they are called again."""
        for person in people:
            self._called.discard(person)
            if person in self._due:
                self._people[person].go()

    def move(self, movement: Movement) -> None:
        """The scenario moves somebody."""
        person = movement.person
        viewer = self._people[person]
        if movement.move is Move.COME:
            self._due.add(person)
            if person in self._called:
                viewer.come()
        elif movement.move is Move.GO:
            self._due.discard(person)
            if person in self._called:
                viewer.go()
        elif movement.move is Move.DROP:
            viewer.drop()
        else:
            viewer.move(movement.room)
