"""The master's side, or a single process's: a director as a child, a line to each worker.

Must not know what director and crews say to each other. Invariant: a worker that is gone is a lost
crew to the director; no director outlives its test.
"""

import logging
import os
import pickle
import secrets
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import Any

import gevent
from gevent.event import Event
from locust.env import Environment
from locust.runners import STATE_MISSING, LocalRunner, MasterRunner

from ..cli.common import EXIT_CONFIGURATION, EXIT_INVALID
from ..client.credentials import NoSecret, find_secret
from ..crew.messages import Stop
from ..scenario.limits import require_within_limits
from ..scenario.model import Scenario
from .order import DOWN, END, Order, Outcome
from .seal import BadSeal, Seal
from .shares import in_turn
from .sockets import Child, Line, packed

LOOK_S = 1.0
"""How often it is looked whether a worker is still there."""
CSV_WITHIN_S = 1.5
"""Locust writes its CSV files once a second, and not at the end."""
LOCAL = "local"
"""What Locust calls the only worker of a single process."""
Lead = MasterRunner | LocalRunner
log = logging.getLogger(__name__)


class Wire:
    """Between the director and one worker."""

    def __init__(self, lead: Lead, worker: str, order: Order, test: str, line: Line) -> None:
        self.worker = worker
        self.is_assigned = Event()
        self._lead = lead
        self._told = {"test": test, "url": order.url, "worker": worker}
        self._down = Seal(order.mint.secret, test, worker, "down")
        self._up = Seal(order.mint.secret, test, worker, "up")
        self._line = line
        self._turn = Lock()

    def forward(self) -> None:
        """Tell the worker whatever the director says, and that it has ended."""
        while (content := self._line.receive()) is not None:
            self.tell(content)
            self.is_assigned.set()
        if self.is_assigned.is_set():
            self.tell(END)
        self.is_assigned.set()

    def tell(self, content: bytes) -> None:
        with self._turn:
            sealed = self._down.sealed(content)
            self._lead.send_message(DOWN, {**self._told, "sealed": sealed}, self.worker)

    def take(self, told: dict[str, Any]) -> None:
        """The worker said something."""
        try:
            if "lost" in told:
                self.lose(told["lost"])
            else:
                self._line.send(self._up.opened(told["sealed"]))
        except BadSeal as error:
            self.lose(str(error))

    def lose(self, why: str) -> None:
        log.error("Worker %s is lost: %s", self.worker, why)
        self._line.close()


class Show:
    """One test, from its start to its verdict."""

    def __init__(self, lead: Lead, order: Order, workers: Sequence[str]) -> None:
        self.outcome = Outcome(EXIT_INVALID, "", ["the director ended without a verdict"])
        self.ended = Event()
        self._test = secrets.token_hex(8)
        self._lead = lead
        self._child = Child("loadtest.locust.director", 1 + len(workers))
        own, *lines = self._child.lines
        self._wires = {
            worker: Wire(lead, worker, order, self._test, line)
            for worker, line in zip(in_turn(workers), lines, strict=True)
        }
        own.send(packed(order))
        for wire in self._wires.values():
            gevent.spawn(wire.forward)
        gevent.spawn(self._attend, own)
        gevent.spawn(self._look)

    @property
    def is_assigned(self) -> bool:
        return all(wire.is_assigned.is_set() for wire in self._wires.values())

    def wait_assigned(self) -> None:
        """Return when every worker knows what to play, or there is nothing to be played."""
        for wire in self._wires.values():
            wire.is_assigned.wait()

    def take(self, worker: str, told: dict[str, Any]) -> None:
        if told["test"] == self._test and worker in self._wires:
            self._wires[worker].take(told)

    def conclude(self) -> None:
        """End the show now, and wait for the verdict."""
        if not self.is_assigned:
            why = "the test was stopped before everything was prepared"
            self.outcome = Outcome(EXIT_INVALID, "", [why])
            self._child.end()
        elif not self.ended.is_set():
            log.info("The show ends; waiting for what is under way, and for the ledger")
            for wire in self._wires.values():
                wire.tell(packed(Stop()))
        self.ended.wait()

    def _attend(self, own: Line) -> None:
        if content := own.receive():
            self.outcome = pickle.loads(content)
        self._child.end()
        self.ended.set()

    def _look(self) -> None:
        """Notice workers that are gone."""
        gone: set[str] = set()
        while not self.ended.wait(LOOK_S):
            for worker in self._wires.keys() - gone - _present(self._lead):
                gone.add(worker)
                self._wires[worker].lose("it is gone")


class Lectern:
    """Where tests are begun and ended."""

    def __init__(self, environment: Environment, lead: Lead, scenario: Scenario) -> None:
        self._environment = environment
        self._lead = lead
        self._scenario = scenario
        self._show: Show | None = None
        self._is_concluded = False

    def take(self, environment: Environment, msg: Any) -> None:
        """Take a message of a worker's."""
        if self._show:
            self._show.take(msg.node_id, msg.data)

    def begin(self, **_: Any) -> None:
        """Prepare a test; returns when the workers know what to play."""
        try:
            order = self._order()
        except (NoSecret, ValueError) as error:
            self._report(Outcome(EXIT_CONFIGURATION, "", [str(error)]))
            gevent.spawn(self._quit)
            return
        self._show = Show(self._lead, order, sorted(_present(self._lead)))
        self._is_concluded = False
        gevent.spawn(self._await, self._show)
        self._show.wait_assigned()

    def conclude(self, **_: Any) -> None:
        """The test is about to end: have its verdict before its users go."""
        if self._show and not self._is_concluded:
            self._is_concluded = True
            self._show.conclude()
            self._report(self._show.outcome)
            if self._environment.parsed_options and self._environment.parsed_options.csv_prefix:
                gevent.sleep(CSV_WITHIN_S)

    def _order(self) -> Order:
        options = self._environment.parsed_options
        assert options is not None
        url = self._environment.host or ""
        if not url.startswith(("http://", "https://")):
            raise ValueError(f"--host is {url!r}; it must look like http://127.0.0.1:8080")
        users = self._lead.target_user_count
        rate = getattr(self._lead, "spawn_rate", 0) or options.spawn_rate or 1
        scenario = self._scenario.for_viewers(users)
        require_within_limits(scenario)
        return Order(
            scenario=scenario,
            url=url,
            mint=find_secret(url, options.data_dir and Path(options.data_dir), os.environ),
            calling_s=users / rate,
            out=Path(options.out),
        )

    def _await(self, show: Show) -> None:
        """A show that is over ends its test."""
        show.ended.wait()
        if self._show is show and not self._is_concluded:
            self._quit()

    def _quit(self) -> None:
        options = self._environment.parsed_options
        if options is not None and options.headless:
            self._lead.quit()
        else:
            self._lead.stop()

    def _report(self, outcome: Outcome) -> None:
        """The worst of all tests is what Locust ends with."""
        before = self._environment.process_exit_code or 0
        self._environment.process_exit_code = max(before, outcome.exit_code)
        log.info("%s: %s", outcome.verdict or "No verdict", " ".join(outcome.reasons))
        if outcome.exit_code:
            for reason in outcome.reasons:
                self._environment.stats.log_error("verdict", self._scenario.name, reason)


def _present(lead: Lead) -> set[str]:
    if isinstance(lead, LocalRunner):
        return {LOCAL}
    return {worker.id for worker in lead.clients.all if worker.state != STATE_MISSING}
