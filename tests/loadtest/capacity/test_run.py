"""A search carried out with trials that are no trials."""

import asyncio
import io
from collections.abc import Callable

import pytest
from rich.console import Console

from loadtest.capacity.answer import Capacity, Tried
from loadtest.capacity.report import print_answer, print_trial
from loadtest.capacity.run import Play, Terms, find_capacity
from loadtest.capacity.search import Bounds, End
from loadtest.client.api import Unreachable
from loadtest.process import TooFewFiles
from loadtest.record.record import Record, Verdict

from ..records import MACHINE, record

TERMS = Terms(scenario="steady-evening", url="http://there", bounds=Bounds(start=100), rest_s=0.0)


def judged(viewers: int, seconds: float, capacity: int = 700) -> Record:
    if viewers <= capacity:
        return record(run=f"r{viewers}", seconds=seconds, scenario={"duration_s": seconds})
    return record(
        seconds=seconds,
        scenario={"duration_s": seconds},
        verdict=Verdict.FAIL,
        reasons=["comment.p99_ms was 412, it must be <= 300"],
        bottleneck="worker-0 used 97 % of its core",
        figures={"comment.p99_ms": 412.0},
    )


def playing(before: Callable[[int], None] = lambda _: None) -> Play:
    async def play(viewers: int, seconds: float) -> Record:
        before(viewers)
        return judged(viewers, seconds)

    return play


async def found(play: Play, terms: Terms = TERMS) -> tuple[Capacity, list[Tried]]:
    shown: list[Tried] = []
    return await find_capacity(terms, play, shown.append), shown


async def test_the_answer_tells_size_reason_bottleneck_and_machine() -> None:
    capacity, shown = await found(playing())
    assert capacity.end is End.FOUND
    assert capacity.holds is not None
    assert 669 <= capacity.holds <= 700
    assert capacity.because == "comment.p99_ms was 412, it must be <= 300"
    assert capacity.bottleneck == "worker-0 used 97 % of its core"
    assert capacity.machine == MACHINE
    assert capacity.trials == shown


async def test_holds_take_their_own_time() -> None:
    capacity, _ = await found(playing())
    assert {(each.is_hold, each.seconds) for each in capacity.trials} == {
        (False, TERMS.trial_s),
        (True, TERMS.hold_s),
    }


async def test_too_few_files_are_the_generators_limit() -> None:
    def files_for_500(viewers: int) -> None:
        if viewers > 500:
            raise TooFewFiles("501 viewers need 757 open files; the limit is 756")

    capacity, _ = await found(playing(files_for_500))
    assert capacity.end is End.GENERATOR
    assert "need 757 open files" in capacity.sentence()


async def test_a_trial_that_does_not_end_is_invalid() -> None:
    async def play(viewers: int, seconds: float) -> Record:
        if viewers > 300:
            await asyncio.Event().wait()
        return judged(viewers, seconds)

    quick = Terms(
        scenario="s",
        url="u",
        bounds=Bounds(start=100, resolution=0.5),
        trial_s=0.01,
        hold_s=0.02,
        rest_s=0.0,
        overtime_s=0.01,
    )
    capacity, _ = await found(play, quick)
    assert capacity.end is End.GENERATOR
    assert "had not ended" in capacity.sentence()


async def test_a_server_that_was_never_there_is_unreachable() -> None:
    def gone(_: int) -> None:
        raise Unreachable("no server answers")

    with pytest.raises(Unreachable):
        await found(playing(gone))


async def test_a_server_that_goes_away_ends_the_search_with_what_is_known() -> None:
    def gone_above_150(viewers: int) -> None:
        if viewers > 150:
            raise Unreachable("no server answers at http://there")

    capacity, _ = await found(playing(gone_above_150))
    assert capacity.end is End.UNSETTLED
    assert capacity.holds == 100
    assert "the server was gone" in capacity.sentence()


@pytest.mark.parametrize("verdict", Verdict)
async def test_a_trial_that_was_interrupted_ends_the_search(verdict: Verdict) -> None:
    async def play(viewers: int, seconds: float) -> Record:
        return record(seconds=4.0, scenario={"duration_s": seconds}, verdict=verdict)

    capacity, shown = await found(play)
    assert capacity.end is End.UNSETTLED
    assert capacity.holds is None
    assert "interrupted after 4 s" in capacity.sentence()
    assert shown == []


async def test_a_trial_whose_crews_were_lost_is_invalid_not_interrupted() -> None:
    async def play(viewers: int, seconds: float) -> Record:
        return record(
            seconds=4.0,
            scenario={"duration_s": seconds},
            verdict=Verdict.INVALID,
            reasons=["crew-0 was lost"],
            figures={"generator.crews_lost": 1.0},
        )

    capacity, _ = await found(play)
    assert capacity.end is End.GENERATOR


async def test_a_scenario_shorter_than_the_trial_is_not_taken_for_interrupted() -> None:
    async def play(viewers: int, seconds: float) -> Record:
        return record(seconds=5.0, scenario={"duration_s": 5.0})

    bounds = Bounds(start=100, viewers_max=200)
    capacity, _ = await found(play, Terms(scenario="s", url="u", bounds=bounds, rest_s=0))
    assert capacity.end is End.MOST


async def test_one_line_is_shown_for_each_trial_and_the_sentence_at_the_end() -> None:
    capacity, shown = await found(playing())
    console = Console(file=io.StringIO(), width=120)
    for each in shown:
        print_trial(each, console)
    assert isinstance(console.file, io.StringIO)
    lines = console.file.getvalue().splitlines()
    assert len(lines) == len(shown)
    assert any("fail" in line and "comment.p99_ms was 412" in line for line in lines)
    print_answer(capacity, console)
    assert console.file.getvalue().splitlines()[-1] == capacity.sentence()
