"""One case played by the harness itself. The only module here that knows its engine.

Invariant: what is said here of the run is what was planned, from the scenario alone, and never what
was measured; that is in the record.
"""

import io
from functools import partial

from rich.console import Console

from ..books.purchases import combo_ordinals
from ..client.credentials import Mint
from ..record.record import Record
from ..run.run import RunOrder, run
from ..scenario.cast import Cast
from ..scenario.model import Kind, Scenario
from .cases import CREWS
from .log import Command
from .stub import SECRET
from .truth import Playbook

CREW_COMMAND = "loadtest.crew"
"""What stands in the command line of a generator process."""
_HOST = "-host"


async def play(scenario: Scenario, url: str) -> tuple[Record, Playbook]:
    """Run a scenario against the stub; gives what was reported, and what was planned."""
    order = RunOrder(scenario=scenario, url=url, crews=CREWS)
    record = await run(order, Mint(SECRET, "the stub"), Console(file=io.StringIO()))
    return record, playbook(scenario)


def playbook(scenario: Scenario) -> Playbook:
    """What is known of a run of a scenario beforehand."""
    return Playbook(
        moment_ms=partial(_moment_ms, Cast(scenario)),
        is_crew=lambda one, other: _person(one) % CREWS == _person(other) % CREWS,
        is_host=lambda user: user.endswith(_HOST),
    )


def _moment_ms(cast: Cast, command: Command) -> float | None:
    """`#run.number.late`, `run-gviewer-block/count` and `run-onumber` are what a run writes."""
    schedule = cast.schedule
    if command.kind == "comment":
        return schedule.intended_ms(Kind.COMMENT, int(command.word.split(".")[1]))
    if command.kind == "order":
        return schedule.intended_ms(Kind.ORDER, int(command.word.rpartition("-o")[2]))
    if command.kind == "gift":
        key, _, count = command.word.rpartition("/")
        viewer, ordinals = combo_ordinals(key, int(count), 1)
        return schedule.gift_ms(viewer, ordinals[0])
    return None


def _person(user: str) -> int:
    """The number of `run-vnumber`, or of `run-rnumber-host`, who is the person of that number."""
    return int(user.removesuffix(_HOST).rpartition("-")[2][1:])
