"""What a connected member costs a worker, and how fast one event reaches all of them."""

from ..account import percentile
from ..audience import Audience
from ..finding import Checks, Finding
from ..plan import MEMORY_MEMBERS, Sizes
from ..reference import Frame
from ..servers import files_max
from ..show import Show, showing, spare_collector
from ..visitor import Room, Visitor
from .crowd import figures, left_out

BYTES_MAX = 12 * 1024
REACH_MS = 1_000
REACH_WITHIN_S = 30.0
SETTLE_S = 1.5
"""For what joining left behind: viewers are counted once a second."""
OFFER = "peach"


def memory(sizes: Sizes) -> list[Finding]:
    count = sizes.memory_members(files_max())
    with showing() as show:
        room = show.open_room("r")
        host = show.host(room)
        show.let_in([host])
        empty_bytes = show.server.worker_rss_bytes()
        entered_s = show.let_in(show.watchers(room, count - 1))
        spare_collector()
        show.audience.run_for(SETTLE_S)
        grown = show.server.worker_rss_bytes() - empty_bytes
        with show.measured() as spent:
            reached_ms, reached = _reach(show, room, host)
        each_bytes = grown / count
        checks = Checks()
        checks.at_most("resident memory of a member", each_bytes, BYTES_MAX, " bytes")
        checks.at_most("the last member had the event after", reached_ms, REACH_MS, " ms")
        checks.that(reached == count, f"{reached:,} of {count:,} members had the event")
        checks.that(not show.faults.counts, f"faults: {dict(show.faults.counts)}")
        limit = (
            f"the row asks for {MEMORY_MEMBERS:,} members; a process may have {files_max():,} "
            "files open here, so one worker holds fewer"
        )
        return [
            Finding(
                f"memory, {count:,} members in one worker",
                f"{each_bytes / 1024:.1f} KB each; one event reached all in {reached_ms:,.0f} ms",
                f"<= {BYTES_MAX // 1024} KB each, all within {REACH_MS / 1000:g} s",
                checks.verdict(is_disturbed=spent.is_disturbed),
                {
                    "members": count,
                    "bytes_each": each_bytes,
                    "reached_ms": reached_ms,
                    "entered_s": entered_s,
                    **figures(spent),
                },
                checks.reasons,
                [
                    f"{count / entered_s:,.0f} members entered a second",
                    *([limit] if not sizes.is_quick and count < MEMORY_MEMBERS else []),
                    *left_out(show),
                ],
            )
        ]


def _reach(show: Show, room: Room, host: Visitor) -> tuple[float, int]:
    """Pin an offer: after how many ms the last member has it, and how many have."""
    (reference,) = room.references.values()
    first = reference.next
    audience: Audience = show.audience
    sent_ms = audience.now_ms()
    message = {"type": "pin", "room": room.name, "offer": OFFER}
    audience.ask(host, message, lambda _: None)
    members = sum(visitor.is_in for visitor in audience.visitors)

    def event() -> Frame | None:
        frames = reference.frames[first - reference.first :]
        return next((frame for frame in frames if frame.event_count), None)

    def is_everywhere() -> bool:
        frame = event()
        return frame is not None and sum(frame.arrivals.values()) >= members

    audience.until(is_everywhere, REACH_WITHIN_S)
    frame = event()
    if frame is None:
        return REACH_WITHIN_S * 1000, 0
    last_ms = percentile(frame.arrivals, 1.0) + 1
    return float(last_ms - sent_ms), sum(frame.arrivals.values())
