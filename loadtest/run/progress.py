"""What is going on, while it is going on: one line a moment, redrawn in place on a terminal.

Must not change what it shows. Where output is not a terminal, a plain line every two seconds.
"""

import asyncio
import time

from rich.console import Console
from rich.live import Live
from rich.text import Text

from ..books.books import Books
from ..books.latency import Measure
from ..client.audience import Audience
from ..crew.schedule import Kind

TERMINAL_PERIOD_S = 0.5
PLAIN_PERIOD_S = 2.0


class Progress:
    """Follows one run. `phase` is what the run is doing now."""

    def __init__(self, console: Console, books: Books, audience: Audience) -> None:
        self._console = console
        self._books = books
        self._audience = audience
        self._deliveries = 0
        self._frames = 0
        self._cpu_s = time.process_time()
        self._at_ms = books.clock()
        self.phase = "entering"

    async def show(self) -> None:
        """Show lines until cancelled."""
        if self._console.is_terminal:
            with Live(console=self._console, auto_refresh=False) as live:
                while True:
                    await asyncio.sleep(TERMINAL_PERIOD_S)
                    live.update(Text(self._line()), refresh=True)
        while True:
            await asyncio.sleep(PLAIN_PERIOD_S)
            self._console.print(self._line(), markup=False, soft_wrap=True)

    def _line(self) -> str:
        books, now_ms = self._books, self._books.clock()
        elapsed_s = max(now_ms - self._at_ms, 1.0) / 1000
        deliveries = (books.deliveries.arrived_total - self._deliveries) / elapsed_s
        frames = (books.frames - self._frames) / elapsed_s
        cpu = (time.process_time() - self._cpu_s) / elapsed_s
        self._deliveries, self._frames = books.deliveries.arrived_total, books.frames
        self._cpu_s, self._at_ms = time.process_time(), now_ms
        delivered = books.latencies.summary(Measure.COMMENT_DELIVERED)
        return (
            f"{self.phase:9} {max(0, now_ms - books.start_ms) / 1000:5.0f} s"
            f"  viewers {self._audience.in_count:,}"
            f"  deliveries {deliveries:,.0f}/s  frames {frames:,.0f}/s"
            f"  p99 {delivered.p99_ms:.0f} ms  {self._purchases()}"
            f"  lost {books.tally.lost:,}  cpu {cpu:.0%}"
        )

    def _purchases(self) -> str:
        receipts = self._books.receipts
        acknowledged = receipts.acknowledged
        return (
            f"gifts {acknowledged[Kind.GIFT]:,}  orders {acknowledged[Kind.ORDER]:,}"
            f"  open {receipts.open_count:,}"
        )
