"""The tables of a report as plain cells, the same for the terminal and for the page. Pure.

Must not judge, nor know how a table is drawn. Invariant: what should be nought is marked when it
is not; what the run has nothing of is left out.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from ..record.figures import COMMANDS, LANE, OUTCOMES, value
from ..record.record import Judged, Process, Record
from .wording import NONE, of, plain, shown

Tone = Literal["", "good", "bad"]


@dataclass(frozen=True)
class Cell:
    text: str
    tone: Tone = ""


@dataclass
class Sheet:
    """A table: the first column is of words, the others, but for the `words_last`, of figures."""

    head: tuple[str, ...]
    rows: list[tuple[Cell, ...]] = field(default_factory=list)
    words_last: int = 0

    def add(self, *cells: Cell | str) -> None:
        """Add a row; raises `ValueError` when it is not as long as the head."""
        if len(cells) != len(self.head):
            raise ValueError(f"{len(cells)} cells under a head of {len(self.head)}")
        self.rows.append(tuple(Cell(each) if isinstance(each, str) else each for each in cells))


LATENCIES = {
    "connected": ("connect", None),
    "welcomed": ("hello", None),
    "joined": ("join", None),
    "back in the room": ("rejoin", None),
    "comment delivered": ("comment", "comment_service"),
    "gift answered": ("gift", "gift_service"),
    "gift event delivered": ("gift_event", None),
    "order answered": ("order", "order_service"),
    "sold event delivered": ("sold_event", None),
    "generator: sent late": ("generator.late", None),
    "generator: loop lag": ("generator.lag", None),
}
"""What each is timed as, in words; from the intended moment, and from the sending."""
_TIMES = ("p50_ms", "p90_ms", "p99_ms", "p999_ms", "max_ms")
_SERVICE_TIMES = ("p50_ms", "p99_ms", "max_ms")
_BAD_OUTCOMES = ("skipped", "unknown")
"""To be refused is right where a thing is sold out."""
_BAD_IN_LANE = ("lost", "doubled", "reordered")
_CONNECTIONS = {
    "made again": "viewers.reconnects",
    "failed": "viewers.failed_entries",
    "told not to come back": "viewers.gone",
}
_AGAIN = {"because the server was busy": "retries", "on a new connection": "resent"}


def objectives(judged: Iterable[Judged]) -> Sheet:
    sheet = Sheet(("objective", "measured", ""))
    for each in judged:
        mark = Cell("met", "good") if each.is_met else Cell("missed", "bad")
        sheet.add(each.text, measured(each), mark)
    return sheet


def measured(judged: Judged) -> str:
    """What was measured of an objective's figure; a dash when the run could not learn it."""
    if judged.measured is None:
        return NONE
    return of({judged.figure: judged.measured}, judged.figure)


def lanes(figures: Mapping[str, float]) -> Sheet:
    head = ("lane", "delivered", "expected", "reached", *_BAD_IN_LANE, "also")
    sheet = Sheet(head, words_last=1)
    _add_lane(sheet, figures, "reliable events", "reliable", of(figures, "reliable.delivered_pct"))
    _add_lane(sheet, figures, "of slow readers", "slow", NONE)
    if "comment.expected" in figures:
        cells = [of(figures, f"comment.{each}") for each in ("delivered", "expected", "reach_pct")]
        also = listed({each: f"comment.{each}" for each in ("shed", "gap", "surplus")}, figures)
        sheet.add("comments", *cells, _bad(figures, "comment.missing"), "", "", also)
    return sheet


def _add_lane(
    sheet: Sheet, figures: Mapping[str, float], words: str, lane: str, reached: str
) -> None:
    if f"{lane}.expected" not in figures:
        return
    rest = [each for each in LANE if each not in ("expected", "delivered", *_BAD_IN_LANE)]
    sheet.add(
        words,
        of(figures, f"{lane}.delivered"),
        of(figures, f"{lane}.expected"),
        reached,
        *(_bad(figures, f"{lane}.{each}") for each in _BAD_IN_LANE),
        listed({each: f"{lane}.{each}" for each in rest}, figures),
    )


def latencies(figures: Mapping[str, float]) -> Sheet:
    """Response and service time of one thing stand beside each other."""
    columns = ("p50", "p90", "p99", "p99.9", "max", "service p50", "p99", "max")
    sheet = Sheet(("latency in ms", "count", *columns))
    for words, (timed, service) in LATENCIES.items():
        if not figures.get(f"{timed}.count"):
            continue
        times = [plain(figures.get(f"{timed}.{each}")) for each in _TIMES]
        inner = [plain(figures.get(f"{service}.{t}")) if service else "" for t in _SERVICE_TIMES]
        sheet.add(words, of(figures, f"{timed}.count"), *times, *inner)
    return sheet


def commands(figures: Mapping[str, float]) -> Sheet:
    sheet = Sheet(("commands", *OUTCOMES))
    for command in COMMANDS:
        if not figures.get(f"{command}.scheduled"):
            continue
        marks: dict[str, Callable[[Mapping[str, float], str], Cell]] = {
            outcome: _bad if outcome in _BAD_OUTCOMES else _neutral for outcome in OUTCOMES
        }
        cells = (mark(figures, f"{command}.{outcome}") for outcome, mark in marks.items())
        sheet.add(f"{command}s", *cells)
    return sheet


def ledger(figures: Mapping[str, float]) -> Sheet:
    sheet = Sheet(("ledger", "compared", "missing", "different"))
    if "ledger.orders_checked" not in figures:
        return sheet
    missing, wrong = (_bad(figures, f"ledger.orders_{each}") for each in ("missing", "wrong"))
    sheet.add("orders", of(figures, "ledger.orders_checked"), missing, wrong)
    sheet.add("pieces sold", of(figures, "ledger.pieces_sold"), "", "")
    sheet.add("stocks", "", "", _bad(figures, "ledger.stocks_wrong"))
    sheet.add("sold beyond a stock", "", "", _bad(figures, "ledger.oversold"))
    wallets = of(figures, "ledger.wallets_checked")
    sheet.add("wallets", wallets, "", _bad(figures, "ledger.wallets_wrong"))
    sheet.add("gifts and sales shown", "", "", _bad(figures, "ledger.shows_wrong"))
    if figures.get("ledger.unverified"):
        sheet.add("not given by the server", "", _bad(figures, "ledger.unverified"), "")
    return sheet


def processes(record: Record) -> Sheet:
    sheet = Sheet(("process", "CPU of a core", "at most", "memory", "loop lag at most"))
    sides: dict[str, Sequence[Process]] = {"server": record.server, "generator": record.generator}
    for side, each in ((side, each) for side, running in sides.items() for each in running):
        sheet.add(
            f"{side}: {each.name}",
            shown(each.cpu_pct, "%"),
            shown(each.cpu_pct_max, "%"),
            shown(each.resident_mib, "MiB"),
            shown(each.lag_max_ms, "ms"),
        )
    return sheet


def counts(record: Record) -> dict[str, str]:
    """What came in kinds, a line each: codes, the stores' slowest answers, connections."""
    figures = record.figures
    kinds = {
        "errors by code": _of_family(figures, "errors"),
        "close codes": _of_family(figures, "closes"),
        "slowest answers of stores": {n: shown(v, "ms") for n, v in record.stores.items()},
    }
    lines = {
        words: ", ".join(f"{key} {text}" for key, text in sorted(found.items()))
        for words, found in kinds.items()
    }
    lines["connections"] = listed(_CONNECTIONS, figures)
    lines["commands sent again"] = listed(_AGAIN, figures)
    return {words: line for words, line in lines.items() if line}


def listed(figures_by_words: Mapping[str, str], figures: Mapping[str, float]) -> str:
    """`shed 35, gap 2`, of what the run learnt."""
    known = ((w, each) for w, each in figures_by_words.items() if each in figures)
    return ", ".join(f"{words} {of(figures, each)}" for words, each in known)


def _of_family(figures: Mapping[str, float], family: str) -> dict[str, str]:
    found = (each.partition(".") for each in figures)
    return {
        code: of(figures, f"{family}.{code}")
        for whose, _, code in found
        if whose == family and code
    }


def _neutral(figures: Mapping[str, float], figure: str) -> Cell:
    return Cell(of(figures, figure))


def _bad(figures: Mapping[str, float], figure: str) -> Cell:
    """What should be nought."""
    return Cell(of(figures, figure), "bad" if value(dict(figures), figure) else "")
