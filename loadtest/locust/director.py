"""The process that directs a run for a Locust master: `python -m loadtest.locust.director FD FD…`.

The first descriptor is the master's; then comes one for each worker, over which its crew is spoken
to as if it were here. Must not import Locust, which would change the sockets. It ends when the run
does; a run whose master is gone has lost all its crews.
"""

import pickle
import socket
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import uvloop
from rich.console import Console

from ..cli.common import EXIT_CONFIGURATION, EXIT_UNREACHABLE, console
from ..cli.playing import UNAUTHENTICATED
from ..cli.run import EXITS
from ..client.api import Refusal, Unreachable
from ..client.credentials import Mint
from ..crew.messages import Assignment
from ..record import folder
from ..record.record import Record
from ..report.text import print_report
from ..run.crews import Apart, Link, OnBeat, Start
from ..run.run import RunOrder, run
from .order import Order, Outcome
from .shares import turn_of
from .sockets import Line, packed

NO_MINT = Mint("", "")
"""The secret stays here: each worker has it from its own machine."""


def direct(order: Order, fds: Sequence[int]) -> Outcome:
    """Play it with the crews behind `fds`, and tell how it went."""
    asked = RunOrder(scenario=order.scenario, url=order.url, crews=len(fds))
    apart, unseen = Apart(_reach(fds), order.calling_s), Console(quiet=True)
    try:
        record = uvloop.run(run(asked, order.mint, unseen, apart))
        _keep(record, order.out)
    except Unreachable as error:
        return Outcome(EXIT_UNREACHABLE, "", [str(error)])
    except (Refusal, OSError) as error:
        why = f"{error}; the secret is the one of {order.mint.found_in}"
        return Outcome(EXIT_CONFIGURATION, "", [why if _is_unknown(error) else str(error)])
    return Outcome(EXITS[record.verdict], record.verdict.value.upper(), record.reasons)


def _keep(record: Record, out: Path) -> None:
    shown = console()
    print_report(record, shown)
    kept = folder.write(record, out)
    shown.print(f"report: {kept / 'report.html'}", markup=False, soft_wrap=True)


def _is_unknown(error: Exception) -> bool:
    """Whether the server does not know the secret."""
    return isinstance(error, Refusal) and error.status == UNAUTHENTICATED


def _reach(fds: Sequence[int]) -> Start:
    async def reach(assignment: Assignment, on_beat: OnBeat) -> Link:
        hosts = len(assignment.room_ids)
        fd = fds[turn_of(assignment.crew, assignment.crews, hosts)]
        link = Link(assignment.crew, None, on_beat)
        await link.assign(socket.socket(fileno=fd), replace(assignment, mint=NO_MINT))
        return link

    return reach


def main(fds: Sequence[int]) -> None:
    master = Line(socket.socket(fileno=fds[0]))
    if order := master.receive():
        master.send(packed(direct(pickle.loads(order), fds[1:])))


if __name__ == "__main__":
    main([int(fd) for fd in sys.argv[1:]])
