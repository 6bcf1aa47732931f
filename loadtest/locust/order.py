"""What a master tells its director, and what it is told at the end. Pure."""

from dataclasses import dataclass
from pathlib import Path

from ..client.credentials import Mint
from ..scenario.model import Scenario

UP = "livesrv-up"
"""Locust's name for a message from a worker to the master: from its crew to the director."""
DOWN = "livesrv-down"
END = b""
"""Instead of a message to the crew: nobody will speak to it any more."""


@dataclass(frozen=True)
class Order:
    """What to play, with a crew on each worker. `calling_s` is until all users are there."""

    scenario: Scenario
    url: str
    mint: Mint
    calling_s: float
    out: Path


@dataclass(frozen=True)
class Outcome:
    """`verdict` is empty where there is none; then the only reason says why."""

    exit_code: int
    verdict: str
    reasons: list[str]
