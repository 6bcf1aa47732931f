"""How close the server's fan-out comes to a bare uvloop loop that writes one prepared frame.

Both are driven flat out by the same audience, one after the other and again: a few senders, each
with one comment (or byte) under way, so that there is always something to write and never a heap of
it. A frame counts when a member has read all of it.
"""

import time
from statistics import median

from ...checkout.machine import busy_s, others_s
from ..audience import Audience
from ..broadcaster import ROOM
from ..finding import Checks, Finding
from ..plan import Sizes
from ..reference import Faults
from ..servers import Settings, broadcasting, process_cpu_s
from ..show import Show, Spent, showing, spare_collector
from ..talk import Comments, Loop
from ..visitor import Room, Visitor
from .crowd import figures, left_out

RATIO_MIN = 0.85
CPU_RATIO_MAX = 1.10
WORKER_SHARE_MIN = 0.9
"""A worker that is less busy waits for the audience, or for its core."""
SENDERS = 2
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


def saturation(sizes: Sizes) -> list[Finding]:
    with showing(FLAT_OUT) as show:
        room = show.open_room("r", text_bytes=24)
        senders = show.commenters(room, SENDERS)
        show.let_in(senders + show.watchers(room, sizes.members - SENDERS, first=SENDERS))
        spare_collector()
        ours = [_server_trial(show, room, senders, sizes.trial_s)]
        frame_bytes = round(median(_frame_sizes(room)))
        with broadcasting(frame_bytes) as (port, pid):
            bare = _Bare(port, pid, sizes.members)
            try:
                theirs = [bare.trial(sizes.trial_s)]
                for _ in range(1, sizes.trials):
                    ours.append(_server_trial(show, room, senders, sizes.trial_s))
                    theirs.append(bare.trial(sizes.trial_s))
            finally:
                bare.audience.close()
        return [_finding(sizes, show, frame_bytes, ours, theirs)]


def _server_trial(show: Show, room: Room, senders: list[Visitor], seconds: float) -> Trial:
    loop = Loop(room, senders, Comments(show.audience, room))
    loop.start()
    show.audience.run_for(WARM_UP_S)
    before = _frames_read([room])
    with show.measured() as spent:
        show.audience.run_for(seconds)
    frames = _frames_read([room]) - before
    loop.stop()
    show.audience.run_for(WARM_UP_S)
    return Trial(frames, spent)


class _Bare:
    """The broadcaster and its members."""

    def __init__(self, port: int, pid: int, members: int) -> None:
        self.faults = Faults()
        self.audience = Audience(("127.0.0.1", port), self.faults)
        self._pid = pid
        self._room = Room(ROOM, "bare", self.faults)
        self._members = [self.audience.add_bare(self._room) for _ in range(members)]

    def trial(self, seconds: float) -> Trial:
        sender = self._members[0]

        def on_frames(begin: int, end: int) -> None:
            self.audience.send_raw(sender, b"!" * (end - begin))

        sender.member.on_frames = on_frames
        self.audience.send_raw(sender, b"!" * BARE_UNDER_WAY)
        self.audience.run_for(WARM_UP_S)
        before, cpu_s, spent = _frames_read([self._room]), process_cpu_s(self._pid), Spent()
        self.audience.rest()
        busy_began_s = busy_s()
        began_s, own_s, reads = time.monotonic(), time.process_time(), self.audience.reads
        self.audience.run_for(seconds)
        spent.seconds = time.monotonic() - began_s
        spent.workers_cpu_s = process_cpu_s(self._pid) - cpu_s
        spent.audience_cpu_s = time.process_time() - own_s
        both = {"bare": spent.workers_cpu_s, "audience": spent.audience_cpu_s}
        spent.others_cores = others_s(both, busy_s() - busy_began_s) / spent.seconds
        spent.longest_gap_s = self.audience.longest_gap_s
        spent.reads = self.audience.reads - reads
        frames = _frames_read([self._room]) - before
        sender.member.on_frames = None
        self.audience.run_for(WARM_UP_S)
        return Trial(frames, spent)


def _frames_read(rooms: list[Room]) -> int:
    return sum(reference.frames_read for room in rooms for reference in room.references.values())


def _frame_sizes(room: Room) -> list[int]:
    return [
        frame.size for each in room.references.values() for frame in each.told if frame.comments
    ]


def _finding(
    sizes: Sizes, show: Show, frame_bytes: int, ours: list[Trial], theirs: list[Trial]
) -> Finding:
    per_s, bare_per_s = (median(t.frames_per_s for t in trials) for trials in (ours, theirs))
    cpu_us, bare_cpu_us = (median(t.cpu_us_per_frame for t in trials) for trials in (ours, theirs))
    ratio, cpu_ratio = per_s / max(bare_per_s, 1), cpu_us / max(bare_cpu_us, 1e-9)
    checks = Checks()
    checks.at_least("frames/s by the bare broadcaster's", ratio, RATIO_MIN)
    checks.at_most("CPU per send by the bare broadcaster's", cpu_ratio, CPU_RATIO_MAX)
    checks.that(not show.faults.counts, f"faults: {dict(show.faults.counts)}")
    shares = [trial.spent.worker_share for trial in (*ours, *theirs)]
    is_limit = min(shares) < WORKER_SHARE_MIN
    limit = (
        f"a writer had only {min(shares):.0%} of its core: the audience, or others on this "
        "machine, were the limit"
    )
    return Finding(
        f"saturation, {sizes.members:,} members, {frame_bytes}-byte frames",
        f"{per_s:,.0f} frames/s, {ratio:.2f} of bare {bare_per_s:,.0f}; CPU per send "
        f"{cpu_us:.2f} µs, {cpu_ratio:.2f} of bare {bare_cpu_us:.2f} µs",
        f">= {RATIO_MIN:g} of bare, CPU <= {CPU_RATIO_MAX:g} of bare",
        checks.verdict(is_disturbed=is_limit),
        {
            "frames_per_s": [trial.frames_per_s for trial in ours],
            "bare_frames_per_s": [trial.frames_per_s for trial in theirs],
            "cpu_us_per_frame": [trial.cpu_us_per_frame for trial in ours],
            "bare_cpu_us_per_frame": [trial.cpu_us_per_frame for trial in theirs],
            "ratio": ratio,
            "cpu_ratio": cpu_ratio,
            **figures(ours[-1].spent),
        },
        checks.reasons,
        [
            f"server: {ours[-1].spent.as_note()}",
            f"bare: {theirs[-1].spent.as_note()}",
            *([limit] if is_limit else []),
            *left_out(show),
        ],
    )
