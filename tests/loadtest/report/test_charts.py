"""Charts show what was measured, at its place, and nothing else."""

import re
from collections import Counter
from xml.etree.ElementTree import Element

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.record.figures import CATALOGUE, TIMED
from loadtest.record.timeline import SERIES
from loadtest.report.charts import HEIGHT, WIDTH, Span, course, path
from loadtest.report.panels import PANELS, SPREADS, Line, Panel
from loadtest.report.spreads import latency_at, points, spread_chart

PANEL = Panel("Answered", "ms", (Line("p99", "order_p99_ms", "order.p99_ms"),))
SECONDS: dict[str, list[float | None]] = {
    "at_s": [1.0, 2.0, 3.0, 4.0],
    "order_p99_ms": [0.0, 50.0, 100.0, None],
}
PAIRS = st.dictionaries(st.floats(0, 1e6), st.integers(1, 10**6), min_size=1, max_size=50).map(
    lambda pairs: sorted(pairs.items())
)


def drawn(panel: Panel = PANEL, limit: float | None = None, *spans: Span) -> Element:
    limits = {} if limit is None else {"order.p99_ms": limit}
    made = course(panel, SECONDS, limits, spans)
    assert made is not None
    return made


def classed(within: Element, name: str) -> list[Element]:
    return [each for each in within.iter() if name in (each.get("class") or "").split()]


def numbers(text: str | None) -> list[float]:
    return [float(each) for each in re.findall(r"-?[\d.]+", text or "")]


def test_every_series_that_a_run_may_give_is_in_exactly_one_panel() -> None:
    shown = Counter(line.series for panel in PANELS for line in panel.lines)
    assert shown == Counter(list(SERIES))
    for panel in PANELS:
        for line in panel.lines:
            assert panel.unit.split(" ")[0] == SERIES[line.series][0], line
            assert not line.figure or line.figure in CATALOGUE


def test_everything_that_is_timed_is_in_exactly_one_distribution() -> None:
    shown = Counter(name for spread in SPREADS for name in spread.timed.values())
    assert shown == Counter(list(TIMED))


def test_a_value_stands_at_its_second_and_its_height() -> None:
    (line,) = classed(drawn(), "line")
    quarter = WIDTH / 4
    assert numbers(line.get("d")) == pytest.approx(
        [quarter, HEIGHT, 2 * quarter, HEIGHT / 2, 3 * quarter, 0]
    )


def test_a_panel_of_which_nothing_was_measured_is_left_out() -> None:
    assert course(PANEL, {"at_s": [1.0], "order_p99_ms": [None]}, {}, ()) is None
    assert course(PANEL, {"at_s": []}, {}, ()) is None


def test_an_objective_s_limit_is_drawn_unless_it_is_far_above() -> None:
    (limit,) = classed(drawn(PANEL, 100.0), "limit")
    assert numbers(limit.get("y1")) == [0]
    assert limit.get("class") == "limit s0"
    assert not classed(drawn(PANEL, 301.0), "limit")
    assert not classed(drawn(), "limit")


def test_what_befell_the_show_is_shaded_at_its_time() -> None:
    (span,) = classed(drawn(PANEL, None, Span(1.0, 2.0, "a drop")), "span")
    assert span[0].get("x") == "250"
    assert span[0].get("width") == "250"
    assert span.findtext("title") == "a drop"


def test_a_chart_says_in_words_what_it_shows() -> None:
    (svg,) = (each for each in drawn().iter("svg") if each.get("role") == "img")
    assert svg.findtext("title") == "Answered"
    assert svg.findtext("desc") == "4 seconds: p99 from 0 ms to 100 ms."
    assert [each.findtext("title") for each in classed(svg, "hover")][1] == "0:02\np99 50 ms"


def test_a_lone_point_is_a_dot() -> None:
    assert path([(1, 2)]) == "M1.0 2.0h.01"


@given(PAIRS, st.floats(0, 1))
def test_the_latency_of_a_share_is_the_least_within_which_so_many_were_done(
    pairs: list[tuple[float, int]], share: float
) -> None:
    found, total = latency_at(pairs, share), sum(count for _, count in pairs)
    assert sum(count for at, count in pairs if at <= found) >= share * total
    before = sum(count for at, count in pairs if at < found)
    assert before < share * total or found == pairs[0][0]


@given(PAIRS, st.floats(1, 5))
def test_a_distribution_rises_and_stays_in_its_plot(
    pairs: list[tuple[float, int]], nines: float
) -> None:
    course_ = points(pairs, nines)
    assert course_ == sorted(course_)
    assert all(0 <= x <= nines for x, _ in course_)


def test_response_and_service_time_are_drawn_over_each_other() -> None:
    pairs = [(10.0, 99), (1000.0, 1)]
    figure = spread_chart(SPREADS[0], {"comment": pairs, "comment_service": [(5.0, 100)]})
    assert figure is not None
    assert len(classed(figure, "line")) == 2
    assert [each.text for each in figure.iter("b")] == ["p99 10 ms", "p99 5 ms"]
    assert spread_chart(SPREADS[0], {"comment": []}) is None
