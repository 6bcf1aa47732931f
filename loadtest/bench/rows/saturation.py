"""How close the server's fan-out comes to a bare uvloop loop that writes one prepared frame.

Two questions, each asked of both in turn, by the same audience. Flat out: a few senders, each with
one comment (or byte) under way, so that there is always something to write and never a heap of it;
a frame counts when a member has read all of it. And at a pace that neither finds hard, what a send
costs: what the kernel asks for one depends on how far behind its reader is, so it is compared where
the readers of both are in the same state.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from statistics import median

from ..audience import Audience
from ..broadcaster import ROOM
from ..finding import Checks, Finding
from ..plan import Sizes
from ..reference import Faults
from ..servers import Settings, broadcasting, process_cpu_s
from ..show import Show, Spent, measuring, showing, spare_collector
from ..talk import Comments, Loop, Pace
from ..visitor import Room, Visitor
from .crowd import figures, left_out

RATIO_MIN = 0.85
CPU_RATIO_MAX = 1.10
WORKER_SHARE_MIN = 0.9
"""A worker that is less busy waits for the audience, or for its core."""
SENDERS = 2
PACED_PER_S = 25.0
"""Frames to each member: a quarter of what either can do, on a slow day."""
BARE_UNDER_WAY = 4
"""Frames: so many that the bare loop, which does not gather, never waits for one."""
WARM_UP_S = 0.5
FLAT_OUT: Settings = {
    "flush_window_ms": 1,
    "flush_window_max_ms": 1,
    "waterfall_comments_per_s": 0,
    "comments_per_s": 10_000,
    "comments_burst": 10_000,
    "commands_per_s": 10_000,
    "commands_burst": 10_000,
}


class Trial:
    """A stretch of one of the two: frames that members read, and CPU time of who wrote them."""

    def __init__(self, frames: int, spent: Spent) -> None:
        self.frames_per_s = frames / spent.seconds
        self.cpu_us_per_frame = spent.workers_cpu_s / max(frames, 1) * 1e6
        self.spent = spent


Drive = Callable[[float], AbstractContextManager[None]]
"""Within the block, one of the two is kept busy for so many seconds."""


class Contestant:
    """One of the two: its audience, how it is driven, and what it spent."""

    def __init__(
        self,
        room: Room,
        audience: Audience,
        measured: Callable[[], AbstractContextManager[Spent]],
        flat_out: Drive,
        paced: Drive,
    ) -> None:
        self._room = room
        self._audience = audience
        self._measured = measured
        self._drives = {"flat out": flat_out, "paced": paced}
        self.trials: dict[str, list[Trial]] = {name: [] for name in self._drives}

    def run(self, seconds: float) -> None:
        """A trial of each kind."""
        for name, drive in self._drives.items():
            with drive(seconds + 2 * WARM_UP_S):
                self._audience.run_for(WARM_UP_S)
                before = _frames_read(self._room)
                with self._measured() as spent:
                    self._audience.run_for(seconds)
                self.trials[name].append(Trial(_frames_read(self._room) - before, spent))
            self._audience.run_for(WARM_UP_S)


def saturation(sizes: Sizes) -> list[Finding]:
    with showing(FLAT_OUT) as show:
        room = show.open_room("r", text_bytes=24)
        senders = show.commenters(room, SENDERS)
        show.let_in(senders + show.watchers(room, sizes.members - SENDERS, first=SENDERS))
        ours = _server(show, room, senders)
        ours.run(sizes.trial_s)
        spare_collector()
        frame_bytes = round(median(_frame_sizes(room)))
        with broadcasting(frame_bytes) as (port, pid), _bare(port, pid, sizes.members) as theirs:
            theirs.run(sizes.trial_s)
            for _ in range(1, sizes.trials):
                ours.run(sizes.trial_s)
                theirs.run(sizes.trial_s)
        return [_finding(sizes, show, frame_bytes, ours, theirs)]


def _server(show: Show, room: Room, senders: list[Visitor]) -> Contestant:
    comments = Comments(show.audience, room)

    @contextmanager
    def flat_out(_: float) -> Iterator[None]:
        loop = Loop(room, senders, comments)
        loop.start()
        yield
        loop.stop()

    return Contestant(
        room, show.audience, show.measured, flat_out, _paced(show.audience, senders, comments.send)
    )


@contextmanager
def _bare(port: int, pid: int, count: int) -> Iterator[Contestant]:
    """The broadcaster and its members."""
    audience = Audience(("127.0.0.1", port), Faults())
    room = Room(ROOM, "bare", audience.faults)
    sender, *_ = [audience.add_bare(room) for _ in range(count)]

    @contextmanager
    def flat_out(_: float) -> Iterator[None]:
        def on_frames(begin: int, end: int) -> None:
            audience.send_raw(sender, b"!" * (end - begin))

        sender.member.on_frames = on_frames
        audience.send_raw(sender, b"!" * BARE_UNDER_WAY)
        yield
        sender.member.on_frames = None

    def ask(_: Visitor) -> None:
        audience.send_raw(sender, b"!")

    def measured() -> AbstractContextManager[Spent]:
        return measuring(audience, lambda: {"worker": process_cpu_s(pid)})

    try:
        yield Contestant(room, audience, measured, flat_out, _paced(audience, [sender], ask))
    finally:
        audience.close()


def _paced(audience: Audience, senders: list[Visitor], step: Callable[[Visitor], object]) -> Drive:
    @contextmanager
    def paced(seconds: float) -> Iterator[None]:
        audience.agendas.append(Pace(senders, PACED_PER_S, round(seconds * PACED_PER_S), step))
        yield

    return paced


def _frames_read(room: Room) -> int:
    return sum(reference.frames_read for reference in room.references.values())


def _frame_sizes(room: Room) -> list[int]:
    return [
        frame.size for each in room.references.values() for frame in each.told if frame.comments
    ]


def _finding(
    sizes: Sizes, show: Show, frame_bytes: int, ours: Contestant, theirs: Contestant
) -> Finding:
    per_s, bare_per_s = (_speeds(each) for each in (ours, theirs))
    cpu_us, bare_cpu_us = (_costs(each) for each in (ours, theirs))
    ratio, cpu_ratio = _ratio(per_s, bare_per_s), _ratio(cpu_us, bare_cpu_us)
    checks = Checks()
    checks.at_least("frames/s by the bare broadcaster's", ratio, RATIO_MIN)
    checks.at_most("CPU per send by the bare broadcaster's", cpu_ratio, CPU_RATIO_MAX)
    checks.that(not show.faults.counts, f"faults: {dict(show.faults.counts)}")
    trials = [trial for each in (ours, theirs) for trial in each.trials["flat out"]]
    share = min(trial.spent.worker_share for trial in trials)
    limit = (
        f"a writer had only {share:.0%} of its core: the audience, or others on this machine, "
        "were the limit"
    )
    is_limit = share < WORKER_SHARE_MIN
    last = ours.trials["flat out"][-1].spent
    return Finding(
        f"saturation, {sizes.members:,} members, {frame_bytes}-byte frames",
        f"{median(per_s):,.0f} frames/s, {ratio:.2f} of bare {median(bare_per_s):,.0f}; CPU per "
        f"send at {PACED_PER_S:g} frames/s {median(cpu_us):.2f} µs, {cpu_ratio:.2f} of bare "
        f"{median(bare_cpu_us):.2f} µs",
        f">= {RATIO_MIN:g} of bare, CPU <= {CPU_RATIO_MAX:g} of bare",
        checks.verdict(is_disturbed=is_limit),
        {
            **_figures("", ours),
            **_figures("bare_", theirs),
            "ratio": ratio,
            "cpu_ratio": cpu_ratio,
            **figures(last),
        },
        checks.reasons,
        [
            f"server: {last.as_note()}",
            f"bare: {theirs.trials['flat out'][-1].spent.as_note()}",
            *([limit] if is_limit else []),
            *left_out(show),
        ],
    )


def _speeds(contestant: Contestant) -> list[float]:
    return [trial.frames_per_s for trial in contestant.trials["flat out"]]


def _costs(contestant: Contestant) -> list[float]:
    return [trial.cpu_us_per_frame for trial in contestant.trials["paced"]]


def _ratio(ours: list[float], theirs: list[float]) -> float:
    """Of trials one after the other: a machine that changes its speed changes it for both."""
    return median(a / max(b, 1e-9) for a, b in zip(ours, theirs, strict=True))


def _figures(prefix: str, contestant: Contestant) -> dict[str, list[float]]:
    flat_out = contestant.trials["flat out"]
    return {
        f"{prefix}frames_per_s": _speeds(contestant),
        f"{prefix}cpu_us_per_frame_flat_out": [trial.cpu_us_per_frame for trial in flat_out],
        f"{prefix}cpu_us_per_frame": _costs(contestant),
    }
