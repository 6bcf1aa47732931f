"""Objectives: what they look like, and when they are met."""

import pytest

from loadtest.record.figures import UnknownFigure
from loadtest.scenario.objectives import BadObjective, judge, parse


@pytest.mark.parametrize(
    ("text", "figure", "operator", "limit"),
    [
        ("comment.p99_ms <= 150", "comment.p99_ms", "<=", 150),
        ("order.acknowledged==10_000", "order.acknowledged", "==", 10_000),
        ("  generator.late.p99_ms  <  2.5 ", "generator.late.p99_ms", "<", 2.5),
        ("closes.4408 != 0", "closes.4408", "!=", 0),
    ],
)
def test_an_objective_is_a_figure_an_operator_and_a_number(
    text: str, figure: str, operator: str, limit: float
) -> None:
    read = parse(text)
    assert (read.text, read.figure, read.operator, read.limit) == (text, figure, operator, limit)


@pytest.mark.parametrize(
    "text",
    ["", "comment.p99_ms", "comment.p99_ms = 5", "comment.p99_ms <= 5%", "comment.p99_ms <= fast",
     "comment.p99_ms <= 5 ms", "5 >= comment.p99_ms", "comment.p99_ms <= 1__0",
     "comment.p99_ms <= nan"],
)  # fmt: skip
def test_what_is_no_objective_is_refused(text: str) -> None:
    with pytest.raises(BadObjective, match=r"comment\.p99_ms <= 150|write 150"):
        parse(text)


def test_an_unknown_figure_is_refused_with_the_ones_that_come_close() -> None:
    with pytest.raises(UnknownFigure, match=r"did you mean comment\.p99_ms"):
        parse("coment.p99_ms <= 5")


@pytest.mark.parametrize(
    ("operator", "met_by"),
    [("<=", {1, 2}), (">=", {2, 3}), ("<", {1}), (">", {3}), ("==", {2}), ("!=", {1, 3})],
)
def test_each_operator_means_what_it_says(operator: str, met_by: set[int]) -> None:
    objective = parse(f"reliable.lost {operator} 2")
    for measured in (1, 2, 3):
        (judged,) = judge([objective], {"reliable.lost": measured})
        assert (judged.measured, judged.is_met) == (measured, measured in met_by)


def test_what_the_run_could_not_learn_is_not_met() -> None:
    (judged,) = judge([parse("ledger.oversold != 5")], {})
    assert (judged.measured, judged.is_met) == (None, False)


def test_a_code_that_never_came_is_nought() -> None:
    (judged,) = judge([parse("errors.internal == 0")], {})
    assert (judged.measured, judged.is_met) == (0, True)
