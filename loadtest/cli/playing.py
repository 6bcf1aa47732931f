"""What the commands that play scenarios share: how large, from how many processes, how."""

import argparse
import math
import os
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console

from ..checkout.plan import require_url
from ..client.api import Refusal
from ..client.credentials import NoSecret, find_secret
from ..process import cores, open_files_max
from ..record.record import Record
from ..run.run import RunOrder, run
from ..scenario import reading
from ..scenario.limits import require_within_limits
from ..scenario.model import Scenario
from ..scenario.shortening import shortened
from .common import BadUsage

SCENARIO_DEFAULT = "steady-evening"
RUNS_DEFAULT = Path("loadtest-runs")
PEOPLE_PER_CREW = 5_000
"""How many people one process plays without becoming the bottleneck, by a wide margin."""
CREWS_MAX = 64
UNAUTHENTICATED = 401

Play = Callable[[Scenario], Coroutine[Any, Any, Record]]


def player(arguments: argparse.Namespace, shown: Console) -> Play:
    """Plays against the server of the arguments. Raises `BadPlan`, `NoSecret`."""
    require_url(arguments.url)
    mint = find_secret(arguments.url, arguments.data_dir, os.environ)

    async def play(scenario: Scenario) -> Record:
        crews = crews_for(arguments.crews, scenario)
        order = RunOrder(scenario=scenario, url=arguments.url, crews=crews)
        try:
            return await run(order, mint, shown)
        except Refusal as refusal:
            if refusal.status != UNAUTHENTICATED:
                raise
            raise NoSecret(f"{refusal}; the secret is the one of {mint.found_in}") from refusal

    return play


def add_size(parser: argparse.ArgumentParser) -> None:
    """How large a scenario is played."""
    size = parser.add_mutually_exclusive_group()
    size.add_argument(
        "--viewers", type=int, metavar="N", help="scale people, rooms and rates to N people"
    )
    size.add_argument("--scale", type=float, metavar="X", help="scale people, rooms and rates by X")
    parser.add_argument(
        "--seconds", type=float, metavar="N", help="play it in less time: rates stay as they are"
    )
    parser.add_argument("--seed", type=int, metavar="N", help="another seed than the scenario's")


def add_crews(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--crews",
        type=int,
        metavar="N",
        help="generator processes (default: one for every 5,000 people, as far as there are cores)",
    )


def sized(arguments: argparse.Namespace) -> Scenario:
    """The scenario that the arguments ask for. Raises `BadScenario`, `BadUsage`."""
    scenario = reading.load(arguments.scenario)
    if arguments.viewers is not None:
        require("--viewers", arguments.viewers > 0, arguments.viewers, "at least 1")
        scenario = scenario.for_viewers(arguments.viewers)
    elif arguments.scale is not None:
        require("--scale", arguments.scale > 0, arguments.scale, "above 0")
        scenario = scenario.scaled(arguments.scale)
    require_within_limits(scenario)
    if arguments.seconds is not None:
        require("--seconds", arguments.seconds >= 1, arguments.seconds, "at least 1")
        scenario = shortened(scenario, arguments.seconds)
    return scenario if arguments.seed is None else replace(scenario, seed=arguments.seed)


def crews_for(asked: int | None, scenario: Scenario) -> int:
    """How many generator processes play a scenario: as asked for, or what it takes."""
    if asked is not None:
        require("--crews", 1 <= asked <= CREWS_MAX, asked, f"1 to {CREWS_MAX}")
        return asked
    wanted = math.ceil(scenario.viewers / PEOPLE_PER_CREW)
    files = math.ceil(scenario.viewers / open_files_max())
    return max(1, files, min(wanted, cores()))


def require(flag: str, is_right: bool, found: object, right: str) -> None:
    """Raise `BadUsage` unless an argument is right."""
    if not is_right:
        raise BadUsage(f"{flag} is {found}; it must be {right}")
