"""Playing scenarios one after the other for commands that make many runs."""

import argparse
import os
from collections.abc import Awaitable, Callable

from rich.console import Console

from ..client.api import Refusal
from ..client.credentials import NoSecret, find_secret
from ..record.record import Record
from ..run.run import RunOrder, run
from ..scenario.model import Scenario
from .run import UNAUTHENTICATED, crews_for

Play = Callable[[Scenario], Awaitable[Record]]


def player(arguments: argparse.Namespace) -> Play:
    """Plays against the server of the arguments, showing nothing. Raises `NoSecret`."""
    mint = find_secret(arguments.url, arguments.data_dir, os.environ)

    async def play(scenario: Scenario) -> Record:
        order = RunOrder(
            scenario=scenario,
            url=arguments.url,
            crews=crews_for(arguments, scenario),
            data_dir=arguments.data_dir,
        )
        try:
            return await run(order, mint, Console(quiet=True))
        except Refusal as refusal:
            if refusal.status != UNAUTHENTICATED:
                raise
            raise NoSecret(f"{refusal}; the secret is the one of {mint.found_in}") from refusal

    return play
