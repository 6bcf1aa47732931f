"""The Locust user who is one person of a scenario, and what listens to Locust's events.

Must not know what a person does: that is the crew's. Invariant: every user is another person, and
a user for whom there is nobody left only waits.
"""

import sys
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import gevent
from locust import User, constant, task
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment
from locust.event import Events
from locust.runners import LocalRunner, MasterRunner, Runner, WorkerRunner

from ..cli.common import EXIT_CONFIGURATION
from ..cli.playing import RUNS_DEFAULT, SCENARIO_DEFAULT
from ..scenario import reading
from ..scenario.model import BadScenario, Scenario
from .master import Lectern
from .order import DOWN, UP
from .worker import Post

FOREVER_S = 10**9
_posts: "WeakKeyDictionary[Environment, Post]" = WeakKeyDictionary()


class Person(User):
    """One person of the scenario, in its room as long as the user is there."""

    wait_time = constant(FOREVER_S)

    def on_start(self) -> None:
        self._person = _posts[self.environment].come()

    def on_stop(self) -> None:
        if self._person is not None:
            _posts[self.environment].go(self._person)

    @task
    def stay(self) -> None:
        """Nothing: the crew acts. A user that waits can be stopped at any time."""


def listen(events: Events) -> None:
    """Have a scenario played by whatever test is begun."""
    events.init_command_line_parser.add_listener(_add_options)
    events.init.add_listener(_prepare)


def _add_options(parser: LocustArgumentParser) -> None:
    """Plain strings: the master sends all options to the workers."""
    group = parser.add_argument_group("livesrv", "What is played. --users is how many people.")
    group.add_argument(
        "--scenario",
        default=SCENARIO_DEFAULT,
        env_var="LIVESRV_SCENARIO",
        help=f"a file, or one that is shipped: {', '.join(reading.names())}",
    )
    group.add_argument(
        "--data-dir",
        default=None,
        help="the server's data directory, where its secret is",
    )
    group.add_argument("--out", default=str(RUNS_DEFAULT), help="where the run's folder goes")


def _prepare(environment: Environment, runner: Runner, **_: Any) -> None:
    events, options = environment.events, environment.parsed_options
    assert options is not None
    gevent.get_hub().loop.update_now()  # or --run-time would count from before the imports
    if isinstance(runner, MasterRunner | LocalRunner):
        lectern = Lectern(environment, runner, _scenario(options.scenario))
        runner.register_message(UP, lectern.take)
        events.test_start.add_listener(lectern.begin)
        events.test_stopping.add_listener(lectern.conclude)
        events.quitting.add_listener(lectern.conclude)
    if isinstance(runner, WorkerRunner | LocalRunner):
        _posts[environment] = post = Post(
            environment, runner, options.data_dir and Path(options.data_dir)
        )
        runner.register_message(DOWN, post.take)
        events.spawning_complete.add_listener(post.all_called)
        events.quitting.add_listener(post.quit)


def _scenario(name: str) -> Scenario:
    try:
        return reading.load(name)
    except BadScenario as error:
        print(f"loadtest: {error}", file=sys.stderr)
        sys.exit(EXIT_CONFIGURATION)
