"""Sides compared: what decides, what does not, and what may not be compared."""

import io
import json
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from rich.console import Console

from loadtest.compare.comparison import Finding, compare, headline_names
from loadtest.compare.likeness import Side, Unlike, require_like, require_repeats
from loadtest.compare.report import markdown, print_comparison
from loadtest.record.record import Process, Record, Verdict

from ..records import MACHINE, record

TYPICAL = {"comment.p99_ms": 80.0, "order.p99_ms": 30.0, "server.cpu_pct_max": 60.0}
HEADLINES = tuple(TYPICAL)
COUNTS = {"comment.count": 100_000.0, "order.count": 600.0, "reliable.lost": 0.0}
LATENCIES = ("comment", "order", "gift", "join")
DOZENS = {f"{timed}.{p}_ms": 50.0 for timed in LATENCIES for p in ("p50", "p90", "p99", "max")}


def repeats(
    name: str,
    random: Random,
    count: int = 3,
    noise: float = 0.03,
    changed: dict[str, float] | None = None,
    counts: dict[str, float] | None = None,
) -> Side:
    """Runs whose figures are noisy; `changed` multiplies some."""
    factors = changed or {}
    runs = [
        record(
            run=f"{name}{place}",
            figures={
                **{
                    figure: typical * factors.get(figure, 1.0) * random.lognormvariate(0.0, noise)
                    for figure, typical in {**DOZENS, **TYPICAL}.items()
                },
                **COUNTS,
                **(counts or {}),
            },
        )
        for place in range(count)
    ]
    return Side(name, runs)


@pytest.mark.parametrize("noise", [0.03, 0.3])
def test_of_equal_sides_95_in_100_show_no_detectable_change(noise: float) -> None:
    random = Random(11)
    findings = [
        compare(repeats("A", random, noise=noise), repeats("B", random, noise=noise)).finding
        for _ in range(200)
    ]
    assert findings.count(Finding.NONE) >= 190


@pytest.mark.parametrize(("count", "least"), [(3, 75), (4, 96)])
@pytest.mark.parametrize("figure", HEADLINES)
def test_a_change_of_15_percent_is_found_in_noise_of_3(count: int, least: int, figure: str) -> None:
    random, worse = Random(3), 0
    for _ in range(100):
        b = repeats("B", random, count, changed={figure: 1.15})
        worse += compare(repeats("A", random, count), b).finding is Finding.WORSE
    assert worse >= least


def test_a_change_for_the_better_is_called_better() -> None:
    random = Random(1)
    b = repeats("B", random, changed={"order.p99_ms": 0.5})
    found = compare(repeats("A", random), b)
    assert found.finding is Finding.BETTER
    assert found.sentence().startswith("B is better than A: order.p99_ms -")


def test_worse_in_one_thing_is_worse_whatever_else_is_better() -> None:
    random = Random(1)
    b = repeats("B", random, changed={"order.p99_ms": 0.5, "comment.p99_ms": 2.0})
    found = compare(repeats("A", random), b)
    assert found.finding is Finding.WORSE
    assert "it is better in: order.p99_ms" in found.sentence()


def test_one_loss_in_one_run_is_worse_whatever_the_noise() -> None:
    random = Random(2)
    b = repeats("B", random)
    lossy = replace(b.runs[1], figures={**b.runs[1].figures, "reliable.lost": 1.0})
    found = compare(repeats("A", random), Side("B", [b.runs[0], lossy, b.runs[2]]))
    assert found.finding is Finding.WORSE
    assert "reliable.lost 0 -> 1" in found.sentence()


def test_losses_on_both_sides_decide_nothing() -> None:
    random = Random(2)
    lost = {"reliable.lost": 3.0}
    a, b = (repeats(name, random, counts=lost) for name in "AB")
    assert compare(a, b).counts[0].finding is Finding.NONE


def test_a_figure_that_is_no_headline_is_shown_and_decides_nothing() -> None:
    random = Random(4)
    found = compare(repeats("A", random), repeats("B", random, changed={"join.p90_ms": 3.0}))
    assert found.finding is Finding.NONE
    moved = [each.name for each in found.also if each.finding is Finding.WORSE]
    assert "join.p90_ms" in moved


def test_an_error_that_came_in_every_run_of_one_side_alone_is_shown() -> None:
    random = Random(4)
    found = compare(
        repeats("A", random),
        repeats("B", random, counts={"errors.busy": 7.0}),
    )
    (busy,) = [each for each in found.also if each.name == "errors.busy"]
    assert (busy.a, busy.b, busy.finding) == (0.0, 7.0, Finding.WORSE)


def test_no_detectable_change_says_what_would_have_been_seen() -> None:
    random = Random(5)
    sentence = compare(repeats("A", random), repeats("B", random)).sentence()
    assert sentence.startswith("no detectable change")
    assert all(name in sentence for name in HEADLINES)


def test_noise_may_come_from_runs_of_its_own() -> None:
    random = Random(6)
    a, b = repeats("A", random, 1), repeats("B", random, 1, changed={"order.p99_ms": 2.0})
    found = compare(a, b, repeats("noise", random, 4).runs)
    assert found.finding is Finding.WORSE


def test_sides_without_a_headline_cannot_be_compared() -> None:
    bare = Side("A", [record(figures={"join.p99_ms": 3.0})] * 3)
    with pytest.raises(Unlike, match="neither comment, order times"):
        compare(bare, bare)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"workload": "other"}, "of another workload"),
        ({"verdict": Verdict.INVALID, "reasons": ["crew-0 was late"]}, "invalid: crew-0 was late"),
        ({"seconds": 9.0}, "cut short: 9 s of 15"),
        ({"machine": replace(MACHINE, cores=4)}, r"another machine .*cores 4, not 2"),
        ({"generator": [Process("crew-0", 1, 1, 1, 1)]}, "had 1 generator processes"),
    ],
)
def test_what_is_not_alike_is_refused_and_said(changes: dict[str, Any], message: str) -> None:
    sides = [Side("A", [record()]), Side("B", [record(run="b1", **changes)])]
    with pytest.raises(Unlike, match=message):
        require_like(sides)


def test_all_differences_are_said_at_once() -> None:
    other = record(workload="other", seconds=3.0)
    with pytest.raises(Unlike) as raised:
        require_like([Side("A", [record()]), Side("B", [other])])
    assert len(str(raised.value).splitlines()) == 2


def test_another_machine_may_be_allowed_but_never_another_workload() -> None:
    there: Record = record(machine=replace(MACHINE, cpu="Other"))
    require_like([Side("A", [record()]), Side("B", [there])], across_machines=True)
    elsewhere = replace(there, workload="other")
    with pytest.raises(Unlike, match="workload"):
        require_like([Side("A", [record()]), Side("B", [elsewhere])], across_machines=True)


def test_another_limit_of_files_is_no_other_machine() -> None:
    there = record(machine=replace(MACHINE, open_files_max=9))
    require_like([Side("A", [record()]), Side("B", [there])])


def test_one_run_tells_no_noise_and_it_is_said_what_to_do() -> None:
    alone = Side("A", [record()])
    with pytest.raises(Unlike, match=r"A has 1 run;.*--repeat 4 --out DIR"):
        require_repeats(alone, [])
    require_repeats(alone, [record()] * 3)
    require_repeats(Side("A", [record()] * 3), [])


def test_the_tables_and_the_page_have_the_verdict_and_what_decides() -> None:
    random = Random(9)
    b = repeats("B", random, changed={"order.p99_ms": 2.0, "join.p90_ms": 3.0})
    found = compare(repeats("A", random), b)
    console = Console(file=io.StringIO(), width=120)
    print_comparison(found, console)
    assert isinstance(console.file, io.StringIO)
    for shown in (console.file.getvalue(), markdown(found).replace("\\", "")):
        assert found.sentence() in shown
        assert "join.p90_ms" in shown
        assert "join.p50_ms" not in shown
        assert "3 runs of A, 3 of B" in shown


def test_the_json_has_every_figure() -> None:
    random = Random(9)
    plain = json.loads(json.dumps(compare(repeats("A", random), repeats("B", random)).as_json()))
    assert plain["finding"] == "no detectable change"
    assert {each["name"] for each in plain["headlines"]} == set(HEADLINES)
    assert {"comment.p50_ms", "gift.max_ms"} <= {each["name"] for each in plain["also"]}


def test_where_more_is_better_less_is_worse() -> None:
    random = Random(9)
    many, few = ({"order.acknowledged": count} for count in (1_000.0, 100.0))
    found = compare(repeats("A", random, counts=many), repeats("B", random, counts=few))
    (orders,) = [each for each in found.also if each.name == "order.acknowledged"]
    assert orders.finding is Finding.WORSE


@pytest.mark.parametrize(
    ("orders", "headlines"),
    [
        (100.0, ["comment.p99_ms", "order.p99_ms", "server.cpu_pct_max"]),
        (99.0, ["comment.p99_ms", "order.p50_ms", "server.cpu_pct_max"]),
        (9.0, ["comment.p99_ms", "server.cpu_pct_max"]),
    ],
)
def test_a_quantile_decides_where_every_run_has_enough_for_it(
    orders: float, headlines: list[str]
) -> None:
    random = Random(1)
    a, b = repeats("A", random), repeats("B", random, 1, counts={"order.count": orders})
    assert headline_names(a, b) == headlines
    assert [each.name for each in compare(a, b).headlines] == headlines


def test_runs_too_noisy_to_tell_much_come_with_a_note() -> None:
    random = Random(1)
    noisy = compare(repeats("A", random, noise=0.5), repeats("B", random, noise=0.5))
    assert "make more repeats" in (noisy.note() or "")
    assert compare(repeats("A", random), repeats("B", random)).note() is None
