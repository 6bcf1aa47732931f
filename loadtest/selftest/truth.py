"""The log of the stub as the figures that a harness without error would report. Pure.

The names are those of the record's figures, and so are the meanings. A moment that was intended is
taken from the schedule, and the show's begin from what came: nothing is sent early, so it began no
later than the least time between any command's moment and its coming. Nothing that the harness
says of itself is used. Invariant: what was not played gives no figure, except counts of 0.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from .log import Command, Entry, Frame, Log, Visit

FINAL_CODES = frozenset({4400, 4401, 4403, 4409})
"""After these the wire forbids to come back."""
GUEST = "guest"
"""Guests only ask where rooms end."""
_SHARES = {"p50_ms": 0.5, "p90_ms": 0.9, "p99_ms": 0.99, "p999_ms": 0.999}


@dataclass(frozen=True)
class Playbook:
    """What is known of the run beforehand.

    `moment_ms` is when a command was to be sent, after the show's begin; None for who acts on no
    schedule. `is_crew` is whether two users are played by one process: only the one in which a
    buyer is knows from when the sale counts. `is_host` tells those who are not of the audience.
    """

    moment_ms: Callable[[Command], float | None]
    is_crew: Callable[[str, str], bool]
    is_host: Callable[[str], bool]


def figures(log: Log, playbook: Playbook) -> dict[str, float]:
    """All that can be told from a log."""
    told: dict[str, float] = {}
    for name, latencies_ms in timed(log, playbook).items():
        told |= {f"{name}.{suffix}": value for suffix, value in summary(latencies_ms).items()}
    return {
        **told,
        **_people(log, playbook),
        **_commands(log),
        **_waterfall(log),
        **_reliable(log),
        **_ledger(log),
        "bytes.per_viewer_s": _bytes_per_viewer_s(log),
    }


def summary(latencies_ms: Sequence[float]) -> dict[str, float]:
    """Count, maximum, and the least value that each share of all does not exceed."""
    if not latencies_ms:
        return {"count": 0}
    ordered = sorted(latencies_ms)
    found = {name: ordered[ceil(share * len(ordered)) - 1] for name, share in _SHARES.items()}
    return {"count": len(ordered), **found, "max_ms": ordered[-1]}


def timed(log: Log, playbook: Playbook) -> dict[str, list[float]]:
    """Name of what is timed to its latencies, milliseconds."""
    intended = _Intended(log, playbook)
    visits = [visit for visit in log.visits if visit.user not in ("", GUEST)]
    entries = [entry for entry in _entries(log) if not entry.again]
    return {
        "connect": [each.opened_ms - each.asked_ms for each in visits if each.opened_ms],
        "hello": [
            each.welcomed_ms - each.hello_ms
            for each in visits
            if each.hello_ms and each.welcomed_ms
        ],
        "join": [each.told_ms - each.came_ms for each in entries],
        "rejoin": list(_rejoins(visits, entries)),
        **_comments(log, intended),
        **_replies(log, "gift", intended),
        **_replies(log, "order", intended),
        **_events(log, intended, playbook),
    }


class _Intended:
    """When each command was to be sent, by the clock."""

    def __init__(self, log: Log, playbook: Playbook) -> None:
        self._moment_ms = playbook.moment_ms
        starts = [
            command.came_ms - moment_ms
            for command in log.commands
            if (moment_ms := playbook.moment_ms(command)) is not None
        ]
        self._begin_ms = min(starts, default=0.0)

    def __call__(self, command: Command) -> float | None:
        moment_ms = self._moment_ms(command)
        return None if moment_ms is None else self._begin_ms + moment_ms


def _entries(log: Log) -> list[Entry]:
    return [entry for entry in log.entries if entry.user != GUEST]


def _rejoins(visits: Sequence[Visit], entries: Sequence[Entry]) -> Iterator[float]:
    """From being hung up on to being in the room again."""
    for visit in visits:
        if visit.code and visit.ended_ms:
            ended_ms = visit.ended_ms
            back = [e.told_ms for e in entries if e.user == visit.user and e.told_ms > ended_ms]
            yield from (min(back) - ended_ms for _ in back[:1])


def _taken(log: Log) -> list[Frame]:
    """Batches that a member takes: those that repeat, or come too late, it drops."""
    return [f for f in log.frames if not f.repeated and f.misplaced < max(1, len(f.events))]


def _comments(log: Log, intended: _Intended) -> dict[str, list[float]]:
    response, service = [], []
    for frame in _taken(log):
        for place in frame.comments:
            command = log.commands[place]
            since_ms = intended(command)
            for _, at_ms in frame.sent:
                service.append(at_ms - command.came_ms)
                if since_ms is not None:
                    response.append(at_ms - since_ms)
    return {"comment": response, "comment_service": service}


def _replies(log: Log, kind: str, intended: _Intended) -> dict[str, list[float]]:
    """From the moment and from the first coming, to the reply that it is done."""
    first: dict[tuple[str, str], Command] = {}
    response, service = [], []
    for command in log.commands:
        if command.kind != kind:
            continue
        begun = first.setdefault((command.user, command.word), command)
        if command.told_ms is None or command.code:
            continue
        since_ms = intended(begun)
        service.append(command.told_ms - begun.came_ms)
        if since_ms is not None:
            response.append(command.told_ms - since_ms)
    return {kind: response, f"{kind}_service": service}


def _events(log: Log, intended: _Intended, playbook: Playbook) -> dict[str, list[float]]:
    latencies: dict[str, list[float]] = {"gift_event": [], "sold_event": []}
    for frame in _taken(log):
        for command in (log.commands[place] for place in frame.events if place >= 0):
            since_ms = intended(command)
            if since_ms is None:
                continue
            is_gift = command.kind == "gift"
            latencies["gift_event" if is_gift else "sold_event"] += [
                at_ms - since_ms
                for user, at_ms in frame.sent
                if is_gift or playbook.is_crew(command.user, user)
            ]
    return latencies


def _people(log: Log, playbook: Playbook) -> dict[str, float]:
    entries = [each for each in _entries(log) if not each.again]
    users = {entry.user for entry in entries}
    codes = Counter(visit.code for visit in log.visits if visit.code and visit.user != GUEST)
    return {
        "viewers.opened": len({user for user in users if not playbook.is_host(user)}),
        "viewers.reconnects": len(entries) - len(users),
        "viewers.gone": sum(codes[code] for code in FINAL_CODES),
        **{f"closes.{code}": count for code, count in codes.items()},
    }


def _commands(log: Log) -> dict[str, float]:
    told: Counter[str] = Counter()
    done: set[tuple[str, str, str]] = set()
    for command in log.commands:
        purchase = (command.kind, command.user, command.word)
        if command.code:
            told[f"errors.{command.code}"] += 1
            told["retries"] += command.code == "busy"
            told[f"{command.kind}.refused"] += command.code != "busy"
        elif command.told_ms is not None and (command.kind == "like" or purchase not in done):
            done.add(purchase)
            told[f"{command.kind}.acknowledged"] += 1
    kinds = ("comment", "like", "gift", "order", "pin")
    names = [f"{kind}.{outcome}" for kind in kinds for outcome in ("acknowledged", "refused")]
    return {**dict.fromkeys((*names, "retries"), 0), **told}


def _waterfall(log: Log) -> dict[str, float]:
    expected = sum(c.members for c in log.commands if c.kind == "comment" and c.told_ms)
    delivered = sum(len(frame.comments) * len(frame.sent) for frame in _taken(log))
    shed = sum(frame.shed * len(frame.sent) for frame in _taken(log))
    return {
        "comment.expected": expected,
        "comment.delivered": delivered,
        "comment.shed": shed,
        "comment.missing": max(0, expected - delivered - shed),
    }


def _reliable(log: Log) -> dict[str, float]:
    """A hole is a member that asks again because it is not where the lane is."""
    bases: dict[tuple[str, str], int] = {}
    for entry in _entries(log):
        bases.setdefault((entry.user, entry.room), entry.seq)
    expected = sum(log.ends[room] - base for (_, room), base in bases.items())
    returned = [(e, e.since) for e in _entries(log) if e.since is not None]
    lost = sum(entry.seq - since for entry, since in returned if not entry.recovered)
    return {
        "reliable.expected": expected,
        "reliable.delivered": expected - lost,
        "reliable.lost": lost,
        "reliable.doubled": sum(f.repeated * len(f.sent) for f in log.frames),
        "reliable.reordered": sum(f.misplaced * len(f.sent) for f in log.frames),
        "reliable.mismatched": sum(f.untrue for f in log.frames if f.sent),
        "reliable.holes": sum(entry.again and since < entry.seq for entry, since in returned),
        "reliable.resnapshots": sum(not entry.recovered for entry, _ in returned),
    }


def _ledger(log: Log) -> dict[str, float]:
    over = (sold - log.stocks[offer] for offer, sold in log.sold.items())
    return {
        "ledger.orders_checked": len(log.orders),
        "ledger.orders_missing": len(log.forgotten),
        "ledger.pieces_sold": sum(log.sold.values()),
        "ledger.oversold": sum(max(0, pieces) for pieces in over),
    }


def _bytes_per_viewer_s(log: Log) -> float:
    """All that was written to members, for each second that one was in its room."""
    written = sum(size for user, _, size in log.messages if user != GUEST)
    written += sum(visit.head_bytes for visit in log.visits if visit.user != GUEST)
    written += sum(frame.size_bytes * _members(frame.sent) for frame in log.frames)
    ends = _last_ends(log)
    stays_ms = sum(
        ends[entry.user] - entry.told_ms
        for entry in _entries(log)
        if not entry.again and entry.user in ends
    )
    return written / max(stays_ms / 1000, 1e-9)


def _members(sent: Sequence[tuple[str, float]]) -> int:
    return sum(user != GUEST for user, _ in sent)


def _last_ends(log: Log) -> Mapping[str, float]:
    """When each user was last connected."""
    return {visit.user: visit.ended_ms for visit in log.visits if visit.ended_ms}
