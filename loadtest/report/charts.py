"""Charts as inline SVG: courses over time. Pure.

A chart is as wide as its place and its text stays as large as text: the plot is stretched, labels
are placed in per cent. Invariant: no script, and nothing that has to be loaded.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from .axes import Point, clock_marks, round_marks, thinned, unbroken
from .markup import element
from .panels import Line, Panel
from .wording import clock, compact, shown

WIDTH, HEIGHT = 1000.0, 100.0
"""The plot's own units; the height is also its pixels."""
LEFT_PCT = 10.0
"""What the labels on the left have."""
_TOP_PX = 8.0
POINTS_MAX = 400
HOVERS_MAX = 90
_LIMIT_FAR = 3.0
"""A limit that is so many times higher than all values is not drawn: it would flatten them."""

Series = Mapping[str, Sequence[float | None]]


@dataclass(frozen=True)
class Span:
    """Something that befell the show; `label` says what."""

    begin_s: float
    end_s: float
    label: str


@dataclass(frozen=True)
class Frame:
    """Where values stand in the plot."""

    begin: float
    end: float
    top: float

    def x(self, at: float) -> float:
        return (at - self.begin) / (self.end - self.begin) * WIDTH

    def y(self, value: float) -> float:
        return HEIGHT - value / self.top * HEIGHT


def course(
    panel: Panel, series: Series, limits: Mapping[str, float], spans: Iterable[Span]
) -> Element | None:
    """A figure with its heading, or None where nothing of it was measured.

    `limits` maps figures to what objectives want them not to exceed.
    """
    lines = [line for line in panel.lines if _values(series, line)]
    at_s = [at for at in series.get("at_s", ()) if at is not None]
    if not lines or not at_s:
        return None
    peak = max(max(_values(series, line)) for line in lines)
    near = _near(lines, limits, peak * _LIMIT_FAR)
    marks = round_marks(max(peak, panel.top, *near.values()))
    # A second's value stands at its end; the first second began one before.
    frame = Frame(min(0.0, at_s[0] - 1), max(at_s), marks[-1])
    colours = {line: "loss" if line.is_loss else f"s{panel.lines.index(line)}" for line in lines}
    plot = [
        *(_span(span, frame) for span in spans if span.begin_s <= frame.end),
        *(_path(series, line, frame, colour) for line, colour in colours.items()),
        *(_limit(limit, frame, colours[line]) for line, limit in near.items()),
        *_hovers(panel, lines, series, frame),
    ]
    x_marks = clock_marks(frame.begin, frame.end)
    return figure(
        panel.title,
        panel.unit,
        [(colour, line.label, _peak(series, line, panel)) for line, colour in colours.items()],
        chart(
            panel.title,
            _described(panel, lines, series),
            plot,
            [(frame.y(mark), compact(mark)) for mark in marks],
            [(frame.x(mark), clock(mark)) for mark in x_marks],
        ),
    )


def figure(title: str, unit: str, legend: Sequence[tuple[str, str, str]], svg: Element) -> Element:
    """A chart under its heading; the legend has colour, label and a figure of each line."""
    keys = (
        element(
            "li",
            element("i", class_=f"key {colour}"),
            f"{label} ",
            element("b", text),
        )
        for colour, label, text in legend
    )
    heading = element("h3", title, element("small", f" {unit}") if unit else None)
    caption = element("figcaption", heading, element("ul", *keys, class_="legend"))
    return element("figure", caption, svg, class_="chart")


def chart(
    title: str,
    described: str,
    plot: Iterable[Element],
    y_labels: Sequence[tuple[float, str]],
    x_labels: Sequence[tuple[float, str]],
) -> Element:
    """The SVG: grid and labels around a plot; labels come with where they stand in its units."""
    grid = []
    for y, label in y_labels:
        at = _TOP_PX + y
        grid.append(element("line", x1=f"{LEFT_PCT:g}%", x2="100%", y1=at, y2=at, class_="grid"))
        grid.append(element("text", label, x=f"{LEFT_PCT - 1.5:g}%", y=at + 3.5, class_="y"))
    for x, label in x_labels:
        share = LEFT_PCT + x / WIDTH * (100 - LEFT_PCT)
        anchor = "x last" if share > 97 else "x"
        grid.append(
            element("text", label, x=f"{share:.2f}%", y=_TOP_PX + HEIGHT + 17, class_=anchor)
        )
    stretched = element(
        "svg",
        *plot,
        x=f"{LEFT_PCT:g}%",
        y=_TOP_PX,
        width=f"{100 - LEFT_PCT:g}%",
        height=HEIGHT,
        viewBox=f"0 0 {WIDTH:g} {HEIGHT:g}",
        preserveAspectRatio="none",
    )
    return element(
        "svg",
        element("title", title),
        element("desc", described),
        *grid,
        stretched,
        role="img",
        aria_label=f"{title}. {described}",
    )


def path(points: Sequence[Point]) -> str:
    """Straight lines between points; a lone point is a dot as wide as the line."""
    moves = [f"{'L' if place else 'M'}{x:.1f} {y:.1f}" for place, (x, y) in enumerate(points)]
    return "".join(moves) + ("h.01" if len(points) == 1 else "")


def hover(x: float, width: float, at: float, text: str) -> Element:
    """A column that says what is under the pointer."""
    rect = element("rect", x=round(x, 1), y=0, width=round(width, 1), height=HEIGHT)
    mark = round(at, 1)
    rule = element("line", x1=mark, x2=mark, y1=0, y2=HEIGHT)
    return element("g", element("title", text), rect, rule, class_="hover")


def _values(series: Series, line: Line) -> list[float]:
    return [value for value in series.get(line.series, ()) if value is not None]


def _near(lines: Iterable[Line], limits: Mapping[str, float], most: float) -> dict[Line, float]:
    found = {line: limits[line.figure] for line in lines if line.figure in limits}
    return {line: limit for line, limit in found.items() if limit <= most}


def _path(series: Series, line: Line, frame: Frame, colour: str) -> Element:
    parts, areas = [], []
    for stretch in unbroken(series["at_s"], series[line.series]):
        points = [(frame.x(at), frame.y(value)) for at, value in thinned(stretch, POINTS_MAX)]
        parts.append(path(points))
        areas.append(f"{path(points)}V{HEIGHT:g}H{points[0][0]:.1f}Z")
    return element(
        "g",
        element("path", d="".join(areas), class_="area"),
        element("path", d="".join(parts), class_="line"),
        class_=colour,
    )


def _span(span: Span, frame: Frame) -> Element:
    begin = frame.x(max(span.begin_s, frame.begin))
    end = frame.x(min(max(span.end_s, span.begin_s), frame.end))
    rect = element("rect", x=begin, y=0, width=max(end - begin, 3.0), height=HEIGHT)
    return element("g", rect, element("title", span.label), class_="span")


def _limit(limit: float, frame: Frame, colour: str) -> Element:
    y = frame.y(limit)
    return element("line", x1=0, x2=WIDTH, y1=y, y2=y, class_=f"limit {colour}")


def _hovers(panel: Panel, lines: Sequence[Line], series: Series, frame: Frame) -> Iterable[Element]:
    at_s = series["at_s"]
    every = max(1, -(-len(at_s) // HOVERS_MAX))
    width = WIDTH / (frame.end - frame.begin) * every
    for index in range(0, len(at_s), every):
        at = at_s[index]
        values = [(line.label, series[line.series][index]) for line in lines]
        if at is not None and any(value is not None for _, value in values):
            said = "\n".join(f"{label} {shown(value, panel.unit)}" for label, value in values)
            x = frame.x(at)
            yield hover(x - width / 2, width, x, f"{clock(at)}\n{said}")


def _peak(series: Series, line: Line, panel: Panel) -> str:
    return f"max {shown(max(_values(series, line)), panel.unit.split(' ')[0])}"


def _described(panel: Panel, lines: Sequence[Line], series: Series) -> str:
    ranges = []
    for line in lines:
        values = _values(series, line)
        low, high = shown(min(values), panel.unit), shown(max(values), panel.unit)
        ranges.append(f"{line.label} from {low} to {high}")
    return f"{len(series['at_s'])} seconds: {'; '.join(ranges)}."
