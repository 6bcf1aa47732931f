"""What is going on, while it is going on: redrawn in place on a terminal, plain lines elsewhere.

Must not change what it shows.
"""

import asyncio

from rich.console import Console
from rich.live import Live

from ..record.timeline import Timeline
from ..scenario.model import Scenario
from .dashboard import dashboard, plain_line

TERMINAL_PERIOD_S = 0.5
PLAIN_PERIOD_S = 2.0


class LiveView:
    """Follows one run by its timeline."""

    def __init__(self, console: Console, scenario: Scenario, timeline: Timeline) -> None:
        self._console = console
        self._scenario = scenario
        self._timeline = timeline

    async def show(self) -> None:
        """Show how the run goes until cancelled; on a terminal the last view stays."""
        if self._console.is_terminal:
            await self._redraw()
        else:
            await self._print_lines()

    async def _redraw(self) -> None:
        with Live(console=self._console, auto_refresh=False) as live:
            while True:
                view = dashboard(self._scenario, self._timeline, self._console.width)
                live.update(view, refresh=True)
                await asyncio.sleep(TERMINAL_PERIOD_S)

    async def _print_lines(self) -> None:
        while True:
            await asyncio.sleep(PLAIN_PERIOD_S)
            line = plain_line(self._scenario, self._timeline)
            self._console.print(line, markup=False, soft_wrap=True)
