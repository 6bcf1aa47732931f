"""What is made of a browser's numbers: frames, growth, parcels, comments that arrived."""

from collections import Counter
from typing import Any

import pytest

from loadtest.pages.cores import Turns, busiest
from loadtest.pages.finding import Finding
from loadtest.pages.growth import growth_of
from loadtest.pages.pace import pace_of
from loadtest.pages.parcels import Parcels, kind_of
from loadtest.pages.plan import PagesPlan
from loadtest.pages.smooth import ROOM, Look, arrivals, judge, note

ROOT = "http://127.0.0.1:8080/assets/3f"


def test_frames_a_second_are_of_the_time_they_took_and_long_ones_are_told() -> None:
    pace = pace_of([0.0, 20.0, 40.0, 80.0])
    assert pace.frames == 3
    assert pace.per_s == pytest.approx(37.5)
    assert pace.long_share == pytest.approx(1 / 3)
    assert pace.longest_ms == 40.0


def test_what_lies_between_two_stretches_of_frames_is_of_neither() -> None:
    assert pace_of([0.0, 20.0], [9_000.0, 9_020.0]).per_s == pytest.approx(50.0)


def test_a_single_frame_is_no_animation() -> None:
    with pytest.raises(ValueError, match="no animation"):
        pace_of([1.0])


def test_a_heap_that_goes_up_and_down_is_flat_and_one_that_climbs_is_not() -> None:
    minutes = [float(minute) for minute in range(30)]
    level = growth_of(minutes, [5e6 + (number % 3) * 1e5 for number in range(30)])
    climbing = growth_of(minutes, [5e6 + number * 1e5 for number in range(30)])
    assert level.is_flat
    assert not climbing.is_flat
    assert climbing.per_min == pytest.approx(1e5)


def test_too_few_samples_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 3"):
        growth_of([0.0, 1.0], [5.0, 5.0])


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        (f"{ROOT}/room/room.js", "modules"),
        (f"{ROOT}/words/zh/room.js", "words"),
        (f"{ROOT}/vendor/hls.js", "player"),
        (f"{ROOT}/vendor/uplot.js", "modules"),
        (f"{ROOT}/shared/page.css", "styles"),
        (f"{ROOT}/art/icons.svg", "art"),
        ("http://127.0.0.1:8080/v1/gifts", "api"),
        ("http://127.0.0.1:8080/live.m3u8", "other"),
    ],
)
def test_each_request_is_of_one_kind(url: str, kind: str) -> None:
    assert kind_of(url, "Other") == kind


def test_a_document_is_one_whatever_its_address_ends_with() -> None:
    assert kind_of("http://127.0.0.1:8080/room/a.js", "Document") == "document"


def loaded(*parcels: tuple[str, int, float]) -> Parcels:
    """Paths, bytes over the wire, and when each was asked for."""
    found = Parcels()
    for number, (path, size, at_s) in enumerate(parcels):
        request = {"url": f"http://127.0.0.1:8080/{path}"}
        found.began({"requestId": str(number), "request": request, "timestamp": at_s})
        found.ended({"requestId": str(number), "encodedDataLength": size})
    return found


def test_only_what_came_over_the_wire_counts_and_contents_are_not_the_page() -> None:
    parcels = loaded(
        ("assets/3f/a.js", 900, 1.0), ("assets/3f/b.css", 100, 1.0), ("assets/3f/c.js", 0, 1.0)
    )
    beside = loaded(("v1/gifts", 50, 1.0), ("assets/3f/vendor/hls.js", 7_000, 1.0))
    assert parcels.requests == 2
    assert parcels.first_by_kind() | {"modules": 900, "styles": 100} == parcels.first_by_kind()
    assert parcels.largest(1) == [("/assets/3f/a.js", 900)]
    assert sum(beside.first_by_kind().values()) == beside.later_bytes() == 0
    assert beside.player_bytes() == 7_000


def test_pictures_that_lie_in_the_page_are_not_requests() -> None:
    parcels = Parcels()
    request = {"url": "data:image/svg+xml,x"}
    parcels.began({"requestId": "9", "request": request, "timestamp": 1.0})
    parcels.ended({"requestId": "9", "encodedDataLength": 77})
    assert parcels.requests == 0


def test_what_is_asked_for_once_the_server_has_spoken_was_not_loaded_first() -> None:
    parcels = loaded(("assets/3f/a.js", 900, 1.0), ("assets/3f/b.js", 100, 3.0))
    assert parcels.later_bytes() == 0
    for at_s in (2.0, 4.0):
        parcels.spoken({"timestamp": at_s})
    assert parcels.first_by_kind()["modules"] == 900
    assert parcels.later_bytes() == 100


def test_a_room_that_shows_less_than_is_said_is_told_with_the_setting() -> None:
    plan = PagesPlan("", comments_per_s=200)
    told = arrivals(Counter({"said comment": 1_000, "comments": 250, "shed": 750}), plan)
    assert "left out 750" in told[0]
    assert "waterfall_comments_per_s" in told[1]


def test_a_room_that_shows_all_is_not_suspected_and_refusals_are_told() -> None:
    tally: Counter[str] = Counter({"said comment": 1_000, "comments": 999})
    tally["error rate_limited"] = 1
    assert arrivals(tally, PagesPlan(""))[1:] == ["error rate_limited: 1 times"]


def test_a_plan_is_heavy_with_as_many_comments_as_were_asked_for() -> None:
    heavy: Any = PagesPlan("", comments_per_s=123).heavy
    assert heavy.words.startswith("123 comments")


def test_the_busiest_process_is_the_page_and_what_it_did_before_does_not_count() -> None:
    before = {1: Turns(50.0, 9.0), 2: Turns(1.0, 1.0)}
    after = {1: Turns(50.5, 9.0), 2: Turns(3.0, 2.0), 3: Turns(70.0, 0.0)}
    assert busiest(before, after) == Turns(2.0, 1.0)
    assert busiest({}, after) is None


def test_a_room_is_judged_by_the_empty_page_where_that_is_slower_than_the_limit() -> None:
    empty = pace_of([0.0, 25.0])
    for gap_ms, missed in ((24.0, 0), (26.0, 1)):
        finding = Finding("", ())
        judge(finding, note(finding, ROOM, Look([0.0, gap_ms], None)), empty)
        assert len(finding.missed) == missed


def test_a_page_that_waited_for_a_core_is_not_blamed_alone() -> None:
    finding = Finding("", ())
    room = note(finding, ROOM, Look([0.0, 500.0, 1_000.0], Turns(ran_s=0.02, waited_s=0.7)))
    judge(finding, room, pace_of([0.0, 20.0]))
    assert "waited for a core 70%" in finding.notes[-1]
    assert finding.figures[ROOM]["cpu_ms_per_frame"] == pytest.approx(10.0)
