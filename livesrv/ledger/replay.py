"""The books as the journal alone tells them: every line checked against all before it.

Pure; the lines come from anywhere, in order of place. What is checked is a list of checks that
know nothing of each other and keep only what is still open. To check more, write a `Check`, put the
facts it reads into `AuditFacts`, and add it to `Replay.checks`. Invariant: nothing is judged by a
line that came after a gap.
"""

from collections import defaultdict, deque
from functools import lru_cache
from typing import Protocol

import msgspec
from msgspec import Struct, field

from .audit_line import AuditLine, Breach
from .entry import Leg, breaks_floor
from .order_checks import GiftMaturity, OrderMoney
from .split import Due, movements

BREACHES_MAX = 100
CACHED_DUES_MAX = 4_096
"""Sales repeat: the same gift to the same host, the same piece at the same price."""


class Report(Struct, kw_only=True):
    """What the audit saw.

    `unsettled` counts gifts and orders above the commission watermark, `segments` those of the
    archive, which holds the lines up to `sealed`.
    """

    lines: int = 0
    segments: int = 0
    sealed: int = 0
    accounts: int = 0
    rooms: int = 0
    watermark: int = 0
    unsettled: int = 0
    kinds: dict[str, int] = field(default_factory=dict)
    breaches: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        return not self.breaches


class Gap(Exception):
    """A line cannot be read or is not the next one, so nothing after it can be judged."""


class Check(Protocol):
    """One rule over the whole journal, or a family of them."""

    def feed(self, line: AuditLine) -> None:
        """Check one line against everything before it, and take it in."""

    def finish(self) -> None:
        """Check what can only be said of the whole."""


class Replay:
    """Feeds lines to the checks, and gathers what they find. `place` is that of the last line."""

    def __init__(self) -> None:
        self.report = Report()
        self.place = 0
        self.books = Books(self.breach)
        self.rooms = Rooms(self.breach)
        self.commission = Commission(self.breach)
        self.checks: list[Check] = [
            self.books,
            self.rooms,
            self.commission,
            OrderMoney(self.breach),
            GiftMaturity(self.breach),
        ]

    def breach(self, text: str) -> None:
        if len(self.report.breaches) < BREACHES_MAX:
            self.report.breaches.append(text)

    def feed(self, line: AuditLine) -> None:
        """Take in the next line. Raises `Gap`."""
        if line.place != self.place + 1:
            raise Gap(f"place {line.place} follows place {self.place}")
        kinds = self.report.kinds
        kinds[line.entry.kind] = kinds.get(line.entry.kind, 0) + 1
        try:
            for check in self.checks:
                check.feed(line)
        except (ValueError, msgspec.MsgspecError) as error:
            raise Gap(f"place {line.place} cannot be read: {error}") from error
        self.place = line.place

    def finish(self) -> Report:
        """The checks over the whole."""
        for check in self.checks:
            check.finish()
        return self.summary()

    def summary(self) -> Report:
        """What was seen so far, without the checks over the whole."""
        self.report.lines = self.place
        self.report.accounts = len(self.books.balances)
        self.report.rooms = len(self.rooms.seqs)
        self.report.watermark = self.commission.watermark
        self.report.unsettled = self.commission.unsettled
        return self.report


class Books:
    """Every entry balances, no floor breaks, and each balance is the sum of what moved."""

    def __init__(self, breach: Breach) -> None:
        self._breach = breach
        self.balances: dict[tuple[str, str], int] = {}
        self._off: dict[tuple[str, str], int] = {}
        """By how much notes are known to be wrong: one fault is told once, not at every line."""

    def feed(self, line: AuditLine) -> None:
        legs, after = line.entry.legs, line.after
        if len(legs) != len(after):
            return self._breach(f"place {line.place}: {len(legs)} legs, {len(after)} balances")
        sums: dict[str, int] = {}
        balances = self.balances
        for (account, asset, amount, floor), noted in zip(legs, after, strict=True):
            units = int(amount)
            sums[asset] = sums.get(asset, 0) + units
            balance = balances.get((account, asset), 0) + units
            balances[account, asset] = balance
            if balance != noted and self._off.get((account, asset)) != noted - balance:
                self._off[account, asset] = noted - balance
                self._note(line, f"{account} {asset} is {balance}, noted as {noted}")
            if (floor or balance < 0) and breaks_floor(Leg(account, asset, amount, floor), balance):
                self._note(line, f"{account} {asset} falls to {balance}")
        for asset, total in sums.items():
            if total:
                self._note(line, f"the legs in {asset} do not sum to zero")
        return None

    def finish(self) -> None:
        sums: defaultdict[str, int] = defaultdict(int)
        for (_, asset), balance in self.balances.items():
            sums[asset] += balance
        for asset, total in sorted(sums.items()):
            if total:
                self._breach(f"{asset} sums to {total} over all accounts, not to 0")

    def _note(self, line: AuditLine, text: str) -> None:
        self._breach(f"place {line.place}: {text}")


class Rooms:
    """The numbers of a room's entries have no gap and no repeat."""

    def __init__(self, breach: Breach) -> None:
        self._breach = breach
        self.seqs: dict[str, int] = {}

    def feed(self, line: AuditLine) -> None:
        room = line.entry.room
        expected = self.seqs.get(room, 0) + 1 if room else 0
        if line.seq != expected:
            self._breach(f"place {line.place}: room {room!r} has number {line.seq}, not {expected}")
        if room:
            self.seqs[room] = line.seq

    def finish(self) -> None:
        """A room may end at any number."""


class Commission:
    """Each batch settles exactly the dues between the last watermark and its own, each once."""

    def __init__(self, breach: Breach) -> None:
        self._breach = breach
        self._dues: deque[tuple[int, bytes]] = deque()
        self.watermark = 0

    @property
    def unsettled(self) -> int:
        return len(self._dues)

    def feed(self, line: AuditLine) -> None:
        facts = line.entry.facts
        if line.entry.kind == "commission":
            self._check_bounds(line)
            self.watermark = facts.upto
            self._check_legs(line)
        elif facts.due and (due := bytes(facts.due)) != b"null":
            self._dues.append((line.place, due))

    def finish(self) -> None:
        """What is above the watermark is settled by the next batch."""

    def _check_bounds(self, line: AuditLine) -> None:
        facts = line.entry.facts
        if facts.start != self.watermark:
            self._breach(
                f"place {line.place}: commission starts at {facts.start}, "
                f"the watermark is {self.watermark}"
            )
        if facts.upto >= line.place:
            self._breach(f"place {line.place}: the watermark {facts.upto} is ahead of it")

    def _check_legs(self, line: AuditLine) -> None:
        expected: defaultdict[tuple[str, str], int] = defaultdict(int)
        while self._dues and self._dues[0][0] <= self.watermark:
            for account, amount in _movements(self._dues.popleft()[1]):
                expected[account] += amount
        posted = {(account, asset): int(amount) for account, asset, amount, _ in line.entry.legs}
        for account in sorted(expected.keys() | posted.keys()):
            due, got = expected.get(account, 0), posted.get(account, 0)
            if due != got:
                self._breach(
                    f"place {line.place}: commission of {' '.join(account)}: {got}, not {due}"
                )


_dues = msgspec.json.Decoder(Due)


@lru_cache(CACHED_DUES_MAX)
def _movements(due: bytes) -> tuple[tuple[tuple[str, str], int], ...]:
    """The movements that settle a due, from its JSON."""
    return tuple(movements(_dues.decode(due)).items())
