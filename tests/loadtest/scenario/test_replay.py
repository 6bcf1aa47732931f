"""Recorded shows: what is played of them, and what is said of a file that is none."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.scenario.model import Act, BadScenario, Kind, Recording
from loadtest.scenario.reading import load
from loadtest.scenario.replay import parse

HEADER = '{"format": 1, "recorded_at": "2026-11-22T14:31:00+00:00"}'
SHOW = [
    {"at_ms": 0, "what": "viewers", "count": 815},
    {"at_ms": 1000, "what": "comment", "size": 10},
    {"at_ms": 1500, "what": "gift", "added": 3},
    {"at_ms": 2000, "what": "comment", "size": 20},
    {"at_ms": 2100, "what": "like", "count": 250},
    {"at_ms": 2500, "what": "order", "pieces": 2},
    {"at_ms": 3000, "what": "pin"},
    {"at_ms": 9000, "what": "unpin"},
]
SCENARIO = """\
title = "Once more"
duration_s = 5
[[rooms]]
name = "main"
[[people]]
role = "host"
replay = "show.jsonl"
[[people]]
role = "viewer"
count = 5
replay = "show.jsonl"
"""


def played(lines: list[dict[str, Any]]) -> dict[Kind, Recording]:
    return dict(parse([HEADER, *map(json.dumps, lines)], "show.jsonl"))


def moments(recording: Recording) -> list[tuple[float, int]]:
    return list(zip(recording.moments_s, recording.sizes, strict=True))


def acts_of(folder: Path, more: str = "") -> list[tuple[Act, ...]]:
    """What viewers and hosts do when both replay the show."""
    folder.joinpath("show.jsonl").write_text("\n".join([HEADER, *map(json.dumps, SHOW)]) + "\n")
    folder.joinpath("again.toml").write_text(SCENARIO + more)
    return [group.acts for group in load(folder / "again.toml").people]


def test_what_was_recorded_is_played_at_its_moments() -> None:
    show = played(SHOW)
    assert moments(show[Kind.COMMENT]) == [(1.0, 10), (2.0, 20)]
    assert moments(show[Kind.GIFT]) == [(1.5, 3)]
    assert moments(show[Kind.ORDER]) == [(2.5, 2)]
    assert moments(show[Kind.PIN]) == [(3.0, 1), (9.0, 1)]


def test_folded_likes_are_played_by_as_many_as_it_takes() -> None:
    assert moments(played(SHOW)[Kind.LIKE]) == [(2.1, 100), (2.1, 100), (2.1, 50)]


def test_shed_comments_are_played_with_the_average_size_in_the_time_that_was_gathered() -> None:
    show = played([*SHOW, {"at_ms": 4000, "what": "shed", "count": 4}])
    shed = moments(show[Kind.COMMENT])[2:]
    assert shed == [(3.825, 15), (3.875, 15), (3.925, 15), (3.975, 15)]


def test_shed_comments_of_the_first_moment_are_not_played_before_the_show() -> None:
    show = played([{"at_ms": 0, "what": "shed", "count": 2}])
    assert moments(show[Kind.COMMENT]) == [(0, 20), (0, 20)]


@given(
    st.lists(
        st.one_of(
            st.tuples(st.integers(0, 10**6), st.just("comment"), st.integers(1, 200)),
            st.tuples(st.integers(0, 10**6), st.just("shed"), st.integers(0, 50)),
            st.tuples(st.integers(0, 10**6), st.just("like"), st.integers(0, 500)),
        )
    )
)
def test_nothing_is_added_or_left_out_and_moments_rise(drawn: list[tuple[int, str, int]]) -> None:
    keys = {"comment": "size", "shed": "count", "like": "count"}
    show = played([{"at_ms": at, "what": what, keys[what]: n} for at, what, n in drawn])
    said = show[Kind.COMMENT].sizes if Kind.COMMENT in show else ()
    taps = show[Kind.LIKE].sizes if Kind.LIKE in show else ()
    assert len(said) == sum(n if what == "shed" else what == "comment" for _, what, n in drawn)
    assert sum(taps) == sum(n for _, what, n in drawn if what == "like")
    for recording in show.values():
        assert list(recording.moments_s) == sorted(recording.moments_s)
        assert all(1 <= size <= 200 for size in recording.sizes)


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ([], '1: not a recorded show: the first line must be {"format": 1, …}'),
        (['{"at_ms": 3}'], '1: not a recorded show: the first line must be {"format": 1, …}'),
        (['{"format": 2}'], "1: format is 2; this version reads 1"),
        ([HEADER, "", "{"], "3: not JSON: "),
        ([HEADER, "[]"], '2: not an object; a line looks like {"at_ms": 1840, "what": "pin"}'),
        ([HEADER, '{"what": "pin"}'], "2: at_ms is missing; it must be a number from 0 to "
         "86,400,000"),
        ([HEADER, '{"at_ms": -1, "what": "pin"}'], "2: at_ms is -1; it must be a number from 0"),
        ([HEADER, '{"at_ms": NaN, "what": "pin"}'], "2: at_ms is NaN; it must be a number from 0"),
        ([HEADER, '{"at_ms": 1, "what": "coment"}'], '2: what is "coment"; did you mean comment?'),
        ([HEADER, '{"at_ms": 1, "what": ["pin"]}'], '2: what is ["pin"]; there are comment, shed'),
        ([HEADER, '{"at_ms": 1, "what": "comment", "size": 201}'], "2: size is 201; it must be a "
         "number from 1 to 200"),
        ([HEADER, '{"at_ms": 1, "what": "comment", "size": true}'], "2: size is true; it must be a "
         "number from 1 to 200"),
        ([HEADER, *['{"at_ms": 1, "what": "shed", "count": 900000}'] * 3], "4: more than "
         "2,000,000 things happened"),
    ],
)  # fmt: skip
def test_what_is_no_recorded_show_is_told_with_its_line(lines: list[str], problem: str) -> None:
    with pytest.raises(BadScenario) as refused:
        parse(lines, "show.jsonl")
    assert str(refused.value).startswith(f"show.jsonl:{problem}")


def test_viewers_replay_all_but_the_pins_and_hosts_those(tmp_path: Path) -> None:
    hosts, viewers = acts_of(tmp_path)
    assert {act.kind for act in viewers} == {Kind.COMMENT, Kind.LIKE, Kind.GIFT, Kind.ORDER}
    assert [act.kind for act in hosts] == [Kind.PIN]


def test_a_recorded_show_stays_as_it_was_when_the_scenario_is_scaled(tmp_path: Path) -> None:
    before = acts_of(tmp_path)
    scaled = load(tmp_path / "again.toml").scaled(10)
    assert [group.acts for group in scaled.people] == before


def test_a_group_cannot_do_by_its_own_rate_what_it_replays(tmp_path: Path) -> None:
    more = 'gifts = { shape = "constant", per_s = 1 }'
    with pytest.raises(BadScenario, match=r"again\.toml:12: \[\[people\]\] gifts cannot be beside"):
        acts_of(tmp_path, more)


def test_a_recorded_show_that_is_not_there_is_told_with_the_line_of_the_scenario(
    tmp_path: Path,
) -> None:
    tmp_path.joinpath("again.toml").write_text(SCENARIO)
    with pytest.raises(BadScenario) as refused:
        load(tmp_path / "again.toml")
    assert [line.partition("again.toml")[2] for line in str(refused.value).split("\n")] == [
        f":{line}: [[people]] replay cannot be read: show.jsonl: No such file or directory"
        for line in (7, 11)
    ]
