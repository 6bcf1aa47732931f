"""What arrived, against what had to: sums over a room's members, and latencies. Pure.

Invariant: there are no `complaints` exactly when every accepted comment was, for every member,
shown, counted as shed, or told as a gap, and never two of these.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .member import Member
from .reference import Frame, Reference
from .script import Script


@dataclass(frozen=True)
class Account:
    """Comments times members, except where it says members. `latency_ms`: deliveries by it."""

    expected: int
    delivered: int
    shed: int
    gap: int
    members_unbalanced: int
    members_behind: int
    witnesses_wrong: int
    frames: int
    own_frames: int
    latency_ms: Counter[int]
    last_arrival_ms: int

    def complaints(self) -> list[str]:
        """What does not add up; one line each."""
        found = self.delivered + self.shed + self.gap
        lines = []
        if found != self.expected:
            lines.append(
                f"delivered {self.delivered:,} + shed {self.shed:,} + gap {self.gap:,} = "
                f"{found:,}, expected {self.expected:,}"
            )
        counts = {
            "members were told of more or fewer comments than came": self.members_unbalanced,
            "members had not got everything": self.members_behind,
            "sampled members read something else": self.witnesses_wrong,
        }
        return lines + [f"{count:,} {what}" for what, count in counts.items() if count]


def settle(script: Script, references: Sequence[Reference], members: Sequence[Member]) -> Account:
    """The account of one room, once nothing is under way any more."""
    latency_ms: Counter[int] = Counter()
    frames = [frame for reference in references for frame in reference.told]
    sums: Counter[str] = Counter()
    for frame in frames:
        arrived = sum(frame.arrivals.values())
        sums["delivered"] += arrived * len(frame.comments)
        sums["shed"] += arrived * frame.shed
        sums["frames"] += arrived
        _time(frame, script, latency_ms)
    return Account(
        expected=script.accepted * len(members),
        delivered=sums["delivered"] + sum(member.own_comments for member in members),
        shed=sums["shed"] + sum(member.own_shed for member in members),
        gap=sum(member.gap for member in members),
        members_unbalanced=sum(not _is_even(member) for member in members),
        members_behind=sum(_is_behind(member) for member in members),
        witnesses_wrong=sum(_is_contradicted(member) for member in members),
        frames=sums["frames"],
        own_frames=sum(member.own_frames for member in members),
        latency_ms=latency_ms,
        last_arrival_ms=max((max(f.arrivals, default=0) for f in frames), default=0),
    )


def percentile(counts: Mapping[int, int], share: float) -> int:
    """The least value that at least this share of the counted ones does not exceed; 0 of none."""
    needed, passed = share * sum(counts.values()), 0
    for value, count in sorted(counts.items()):
        passed += count
        if passed >= needed:
            return value
    return 0


def fair_shares(demands: Sequence[float], budget: float) -> list[float]:
    """Max-min fair: nobody gets more than asked for, and who gets less gets as much as anybody."""
    shares, left = [0.0] * len(demands), budget
    for rank, place in enumerate(sorted(range(len(demands)), key=demands.__getitem__)):
        shares[place] = min(demands[place], left / (len(demands) - rank))
        left -= shares[place]
    return shares


def _time(frame: Frame, script: Script, latency_ms: Counter[int]) -> None:
    """Each comment's latency for each arrival: whole milliseconds, never understated."""
    for number in frame.comments:
        sent_ms = script.sent_ns[number] // 1_000_000
        for arrived_ms, count in frame.arrivals.items():
            latency_ms[arrived_ms + 1 - sent_ms] += count


def _is_even(member: Member) -> bool:
    made_up = member.own_comments + member.own_shed + member.gap
    return member.missing == made_up


def _is_behind(member: Member) -> bool:
    reference = member.reference
    return (
        member.is_stuck
        or reference is None
        or (bool(reference.next) and member.next != reference.next)
        or (bool(reference.next) and member.seq != reference.seq)
    )


def _is_contradicted(member: Member) -> bool:
    """A witness read each frame itself: its sums must be those of the shared frames it passed."""
    witness, reference = member.witness, member.reference
    if witness is None or reference is None:
        return False
    return bool(witness.holes) or (witness.seq is not None and witness.seq != reference.seq)
