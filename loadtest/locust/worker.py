"""A worker's side: its crew as a child, whose people come and go with Locust's users.

Must not know the other workers. Invariant: what the crew says goes to the master in its order, and
each second of it into the worker's statistics once; a crew that cannot be had, or ends before its
time, is told of.
"""

import logging
import os
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import gevent
from gevent.event import Event
from locust.env import Environment
from locust.runners import LocalRunner, WorkerRunner

from ..client.credentials import Mint, NoSecret, find_secret
from ..crew.messages import AllCalled, Assignment, Beat, Call, Dismiss, Left, Stop
from .entries import Entries
from .order import END, UP
from .seal import BadSeal, Seal
from .shares import people_of
from .sockets import Child, packed

LEAVE_WITHIN_S = 45.0
"""How long a worker that is told to quit waits for its crew's account to be taken: draining may
take 30 s."""
log = logging.getLogger(__name__)


class Crew:
    """The crew of one test."""

    def __init__(
        self,
        assignment: Assignment,
        entries: Entries,
        tell: Callable[[bytes], None],
        lose: Callable[[str], None],
    ) -> None:
        self._entries = entries
        self._tell = tell
        self._lose = lose
        self._free = people_of(assignment)[::-1]
        self._is_all_called = False
        self._is_too_full = False
        self._child = Child("loadtest.crew", 1)
        self.ended = Event()
        self.forward(packed(assignment))
        gevent.spawn(self._listen)

    def forward(self, content: bytes) -> None:
        self._child.lines[0].send(content)

    def come(self) -> int | None:
        """Call the next person; None when all are there."""
        if not self._free:
            if not self._is_too_full:
                log.warning("There are more users than people of the scenario; the rest only waits")
            self._is_too_full = True
            return None
        person = self._free.pop()
        self.forward(packed(Call([person])))
        return person

    def go(self, person: int) -> None:
        self._free.append(person)
        self.forward(packed(Dismiss([person])))

    def all_called(self) -> None:
        if not self._is_all_called:
            self._is_all_called = True
            self.forward(packed(AllCalled()))

    def stop(self) -> None:
        self.forward(packed(Stop()))

    def end(self) -> None:
        self._child.end()

    def _listen(self) -> None:
        has_left = False
        while (content := self._child.lines[0].receive()) is not None:
            message = pickle.loads(content)
            if isinstance(message, Beat):
                self._entries.add(message.counts, message.histograms)
            elif isinstance(message, Left):
                self._entries.add(message.account.failures(), {})
                has_left = True
            self._tell(content)
        code = self._child.end()
        if not has_left:
            self._lose(f"its crew has ended with exit code {code}")
        self.ended.set()


class Post:
    """Where a worker waits for what to play. One test follows the other."""

    def __init__(
        self, environment: Environment, runner: WorkerRunner | LocalRunner, data_dir: Path | None
    ) -> None:
        self._environment = environment
        self._runner = runner
        self._data_dir = data_dir
        self._test = ""
        self._crew: Crew | None = None
        self._down: Seal | None = None

    def take(self, environment: Environment, msg: Any) -> None:
        """Take a message of the master's; the first of a test is the crew's assignment."""
        told = msg.data
        try:
            if told["test"] != self._test:
                self._begin(told["test"], told["worker"], told["url"], told["sealed"])
            elif self._crew is not None and self._down is not None:
                self._obey(self._crew, self._down.opened(told["sealed"]))
        except (BadSeal, NoSecret) as error:
            self._lose(str(error))

    def come(self) -> int | None:
        """A user has started; returns who it is, None when there is nobody left to be."""
        return self._crew.come() if self._crew else None

    def go(self, person: int) -> None:
        if self._crew:
            self._crew.go(person)

    def all_called(self, **_: Any) -> None:
        if self._crew:
            self._crew.all_called()

    def quit(self, **_: Any) -> None:
        """End the show here; leave when the master has the account."""
        if self._crew and not self._crew.ended.is_set():
            log.info("Waiting for the crew's account to be taken; Ctrl-C leaves at once")
            self._crew.all_called()
            self._crew.stop()
            self._crew.ended.wait(LEAVE_WITHIN_S)
            self._crew.end()

    def _obey(self, crew: Crew, content: bytes) -> None:
        if content != END:
            crew.forward(content)
            return
        gevent.spawn(crew.end)
        if isinstance(self._runner, WorkerRunner):
            self._report(self._runner)

    def _report(self, runner: WorkerRunner) -> None:
        """Have the last figures with the master before it shows them; Locust waits for seconds."""
        stats: dict[str, Any] = {}
        self._environment.events.report_to_master.fire(client_id=runner.client_id, data=stats)
        runner.send_message("stats", stats)

    def _begin(self, test: str, worker: str, url: str, sealed: bytes) -> None:
        if self._crew:
            self._crew.end()
        self._test, self._crew = test, None
        mint = find_secret(url, self._data_dir, os.environ)
        self._down = Seal(mint.secret, test, worker, "down")
        assignment: Assignment = pickle.loads(self._down.opened(sealed))
        self._crew = self._hired(assignment, mint, Seal(mint.secret, test, worker, "up"))
        # The master says how the run went; refusals that the scenario wants are no failure of ours.
        self._environment.process_exit_code = 0

    def _hired(self, assignment: Assignment, mint: Mint, up: Seal) -> Crew:
        return Crew(
            replace(assignment, mint=mint),
            Entries(self._environment.stats),
            lambda content: self._send({"sealed": up.sealed(content)}),
            self._lose,
        )

    def _lose(self, why: str) -> None:
        log.error("This worker plays nobody: %s", why)
        self._crew = None
        self._send({"lost": why})

    def _send(self, told: dict[str, Any]) -> None:
        self._runner.send_message(UP, {"test": self._test, **told})
