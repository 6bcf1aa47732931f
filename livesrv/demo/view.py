"""What the demo shows in its terminal: where to look, what to try, and the show in figures.

On a terminal a live view; anywhere else the URL, and a plain line now and then. Must not know how
the figures come about. Invariant: what people wrote is printed without its control characters, so
nobody can write to this terminal but us.
"""

import asyncio
import logging
import socket
import time
import unicodedata
from typing import Any, NoReturn

from rich.console import Console, Group, RenderableType
from rich.constrain import Constrain
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from .figures import RECENT_MAX, Figures, Shelf

DRAW_S = 0.25
PLAIN_EVERY_S = 5.0
NOTE_S = 12.0
"""How long a line of the supervisor stays on the screen."""
WIDTH_MAX = 90
OTHER_LINES, ROWS_LEAST = 19, 3
"""Lines of the picture that are always there, and the fewest of what falls past."""
ANYWHERE = ("0.0.0.0", "::")
ELSEWHERE = ("192.0.2.1", 9)
"""An address nobody has (RFC 5737): the kernel tells from where it would try to reach it."""
GIFT_EMOJI = {"rose": "🌹", "heart": "💖", "rocket": "🚀"}


class Notes(logging.Handler):
    """Keeps the last line that was logged, for a while: "worker-0 was killed by SIGKILL …"."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self._line = ""
        self._at_s = 0.0

    def emit(self, record: logging.LogRecord) -> None:
        self._line, self._at_s = record.getMessage(), time.monotonic()

    def last(self) -> str:
        return self._line if time.monotonic() - self._at_s < NOTE_S else ""


class View:
    """The figures of one server at `url`, whose files are in `data_dir`."""

    def __init__(
        self, url: str, host: str, data_dir: str, figures: Figures, shelf: Shelf, notes: Notes
    ) -> None:
        self._url = url
        self._second_url = second_url(url, host)
        self._data_dir = data_dir
        self._figures = figures
        self._shelf = shelf
        self._notes = notes

    async def run(self, console: Console) -> NoReturn:
        """Show until cancelled."""
        if console.is_terminal:
            await self._draw(console)
        await self._print(console)

    def render(self, height: int) -> RenderableType:
        """One picture of it all, in so many lines where that is possible."""
        rows = max(ROWS_LEAST, min(RECENT_MAX, height - OTHER_LINES))
        picture = Group(self._where(), self._numbers(), self._falling(rows), self._foot())
        return Constrain(picture, WIDTH_MAX)

    def line(self) -> str:
        """The same in one line."""
        figures, now_s = self._figures, time.monotonic()
        taken = ", ".join(money(minor, asset) for asset, minor in sorted(_taken(figures)))
        return (
            f"{figures.viewers} viewers, {figures.comments_per_s(now_s):.1f} comments/s, "
            f"{figures.gifts} gifts, {figures.orders} orders, taken {taken or 'nothing yet'}"
        )

    async def _draw(self, console: Console) -> NoReturn:
        with Live(console=console, auto_refresh=False) as live:
            while True:
                live.update(self.render(console.height), refresh=True)
                await asyncio.sleep(DRAW_S)

    async def _print(self, console: Console) -> NoReturn:
        while True:
            await asyncio.sleep(PLAIN_EVERY_S)
            print(time.strftime("%H:%M:%S"), self.line(), flush=True)

    # --- the parts of the picture

    def _where(self) -> RenderableType:
        text = Text("\n")
        text.append(" ▶ ", style="bold white on red")
        text.append(f"  {self._url}", style="bold bright_white underline")
        if self._second_url:
            text.append("\n\n   on another device  ", style="dim")
            text.append(self._second_url, style="bold")
        text.append("\n")
        return Panel(
            Group(text, _what_to_try(self._data_dir)),
            title="[bold]livesrv[/] · a morning in the peach orchard",
            border_style="red",
        )

    def _numbers(self) -> RenderableType:
        figures, now_s = self._figures, time.monotonic()
        table = Table.grid(padding=(0, 1), expand=True)
        cells = (
            ("viewers", str(figures.viewers)),
            ("comments/s", f"{figures.comments_per_s(now_s):.1f}"),
            ("likes", f"{figures.likes:,}"),
            ("gifts", f"{figures.gifts:,}"),
            ("orders", f"{figures.orders:,}"),
            ("money taken", "  ".join(money(m, asset) for asset, m in sorted(_taken(figures)))),
        )
        for _ in cells:
            table.add_column(justify="center")
        table.add_row(*(Text(value or "–", style="bold bright_yellow") for _, value in cells))
        table.add_row(*(Text(name, style="dim") for name, _ in cells))
        return Panel(table, border_style="bright_black")

    def _falling(self, rows: int) -> RenderableType:
        lines = [self._fallen(message) for message in list(self._figures.recent)[-rows:]]
        lines += [Text()] * (rows - len(lines))
        return Panel(
            Group(*lines), title=self._on_sale(), title_align="left", border_style="bright_black"
        )

    def _on_sale(self) -> Text:
        offer = self._shelf.get(self._figures.pinned[0]) if self._figures.pinned else None
        if offer is None:
            return Text("falling past")
        price = money(offer["price_minor"], offer["currency"])
        return Text(f"{printable(offer['title'])}  {price}  {offer['stock']:,} left", style="green")

    def _fallen(self, message: dict[str, Any]) -> Text:
        """One comment, gift or purchase in one line."""
        name, what, style = printable(message["user"]["name"]), "", ""
        match message["type"]:
            case "comment":
                what = printable(message["text"])
                style = "bright_red" if "host" in message["user"]["badges"] else ""
            case "gift":
                emoji = GIFT_EMOJI.get(message["gift"], message["gift"])
                what, style = f"sends {emoji} ×{message['count']:,}", "magenta"
            case "sold":
                what, style = f"bought {self._bought(message['lines'])}", "green"
        line = Text(no_wrap=True, overflow="ellipsis")
        return line.append(f"{name}  ", style="bold").append(what, style=style)

    def _bought(self, lines: list[dict[str, Any]]) -> str:
        offers = [(line["quantity"], self._shelf.get(line["offer"])) for line in lines]
        return ", ".join(
            f"{quantity} × {printable(offer['title']) if offer else '?'}"
            for quantity, offer in offers
        )

    def _foot(self) -> RenderableType:
        note = printable(self._notes.last())
        text = Text("Ctrl-C ends it; the next run goes on with the same books", style="dim")
        return Text(note, style="bold yellow", no_wrap=True, overflow="ellipsis") if note else text


def _what_to_try(data_dir: str) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", justify="right")
    table.add_column(overflow="fold")
    for name, what in (
        ("try", "Open it in two windows: what one does, the other one sees."),
        ("", "Pick a name, comment, tap a gift quickly for a combo, buy a box."),
        ("break", f"kill -9 a worker or a store ({data_dir}/pids.json): nothing is lost."),
        ("check", f"livesrv audit --data-dir {data_dir}"),
        ("logs", f"{data_dir}/logs"),
    ):
        table.add_row(name, Text(what))
    return table


def printable(text: str) -> str:
    """The text without control and format characters: no escape sequence, no turned direction.

    The joiner stays, which makes one emoji out of several.
    """
    return "".join(
        char for char in text if char == "\u200d" or unicodedata.category(char)[0] != "C"
    )


def money(minor: int, asset: str) -> str:
    """An amount as one writes it: 2990 "CNY" → "29.90 CNY", 5 "COIN" → "5 coins"."""
    return f"{minor:,} coins" if asset == "COIN" else f"{minor // 100:,}.{minor % 100:02} {asset}"


def second_url(url: str, host: str) -> str | None:
    """Where other devices find the server; None while it listens on this machine alone."""
    if host not in ANYWHERE:
        return None
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(ELSEWHERE)  # of UDP: sends nothing
        except OSError:
            return None
        return f"http://{probe.getsockname()[0]}:{url.rpartition(':')[2]}"


def _taken(figures: Figures) -> list[tuple[str, int]]:
    return list(figures.taken_minor.items())
