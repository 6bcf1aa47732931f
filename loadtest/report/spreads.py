"""Charts of latency distributions: how long the best 50, 90, 99, 99.9 % took. Pure.

Each nine more is as far again to the right, so that the tail has as much room as the rest.
"""

import math
from collections.abc import Mapping, Sequence
from xml.etree.ElementTree import Element

from .axes import Point, log_marks, log_range, thinned
from .charts import HEIGHT, POINTS_MAX, WIDTH, chart, figure, hover, path
from .markup import element
from .panels import Spread
from .wording import compact, many, shown

Pairs = Sequence[tuple[float, int]]
SHARES = (0.0, 0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999)
_NINES_MAX = 5.0
_LATENCY_MS_MIN = 0.1
"""What was faster stands here: less than that is not told apart by the eye of anybody."""


def spread_chart(spread: Spread, distributions: Mapping[str, Pairs]) -> Element | None:
    """A figure with its heading, or None where nothing of it was timed."""
    timed = {
        label: pairs for label, name in spread.timed.items() if (pairs := distributions.get(name))
    }
    if not timed:
        return None
    nines = min(_NINES_MAX, max(1.0, *(math.log10(_count(pairs)) for pairs in timed.values())))
    values = [_seen(at_ms) for pairs in timed.values() for at_ms, _ in pairs]
    span = log_range(min(values), max(values))
    colours = {label: f"s{list(spread.timed).index(label)}" for label in timed}
    plot = [
        *(_line(timed[label], nines, span, colour) for label, colour in colours.items()),
        *_hovers(timed, nines),
    ]
    return figure(
        spread.title,
        "ms",
        [(colour, label, _p99(timed[label])) for label, colour in colours.items()],
        chart(
            f"{spread.title}: distribution of latency",
            _described(timed),
            plot,
            [(_y(mark, span), compact(mark)) for mark in log_marks(*span)],
            [(_nines(share) / nines * WIDTH, _percent(share)) for share in _shares(nines) if share],
        ),
    )


def latency_at(pairs: Pairs, share: float) -> float:
    """The latency within which this share was done. `pairs` must not be empty."""
    wanted, seen = share * _count(pairs), 0
    for at_ms, count in pairs:
        seen += count
        if seen >= wanted:
            return at_ms
    return pairs[-1][0]


def points(pairs: Pairs, nines_max: float) -> list[Point]:
    """Nines and latency: a point where each latency is reached; the last one at the end."""
    total, seen = _count(pairs), 0
    course = [(0.0, pairs[0][0])]
    for at_ms, count in pairs:
        seen += count
        nines = _nines(seen / total) if seen < total else math.inf
        course.append((min(nines, math.log10(total), nines_max), at_ms))
        if nines >= nines_max:
            break
    return course


def _line(pairs: Pairs, nines: float, span: tuple[float, float], colour: str) -> Element:
    course = [(x / nines * WIDTH, _y(y, span)) for x, y in points(pairs, nines)]
    line = element("path", d=path(thinned(course, POINTS_MAX)), class_="line")
    return element("g", line, class_=colour)


def _hovers(timed: Mapping[str, Pairs], nines: float) -> list[Element]:
    shares = _shares(nines)
    ends = [*(_nines(share) / nines * WIDTH for share in shares), WIDTH]
    columns = []
    for place, share in enumerate(shares):
        said = "\n".join(
            f"{label} {shown(latency_at(pairs, share), 'ms')}" for label, pairs in timed.items()
        )
        begin = (ends[place - 1] + ends[place]) / 2 if place else 0.0
        end = (ends[place] + ends[place + 1]) / 2 if place + 1 < len(shares) else WIDTH
        columns.append(hover(begin, end - begin, ends[place], f"{_percent(share)} within\n{said}"))
    return columns


def _shares(nines: float) -> list[float]:
    return [share for share in SHARES if _nines(share) <= nines]


def _nines(share: float) -> float:
    return -math.log10(1 - share)


def _y(at_ms: float, span: tuple[float, float]) -> float:
    low, high = map(math.log10, span)
    return HEIGHT - (math.log10(_seen(at_ms)) - low) / (high - low) * HEIGHT


def _seen(at_ms: float) -> float:
    return max(at_ms, _LATENCY_MS_MIN)


def _count(pairs: Pairs) -> int:
    return sum(count for _, count in pairs)


def _p99(pairs: Pairs) -> str:
    return f"p99 {shown(latency_at(pairs, 0.99), 'ms')}"


def _percent(share: float) -> str:
    return f"{share * 100:.5g}%"


def _described(timed: Mapping[str, Pairs]) -> str:
    said = (
        f"{label}: {many(_count(pairs), 'time')}, half within "
        f"{shown(latency_at(pairs, 0.5), 'ms')}, 99 % within "
        f"{shown(latency_at(pairs, 0.99), 'ms')}, at most {shown(pairs[-1][0], 'ms')}"
        for label, pairs in timed.items()
    )
    return f"{'; '.join(said)}."
