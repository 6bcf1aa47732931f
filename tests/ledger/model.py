"""The ledger's rules once more, in plain Python: what a store must answer and come to hold.

Pure; time is given. Written from what `livesrv.ledger.entry` and the design promise, so that a
defect in the store's function is a difference. Texts are those of the store, and `parse_outcome`
reads them. Invariant: nothing but `post` and `pass_time` changes the books.
"""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from livesrv.ledger.entry import Entry, Leg, breaks_floor, class_of, unbalanced

AMOUNT_MAX = 2**50
SUM_MAX = 2**52
AMOUNT_CHARACTERS_MAX = 17
"""Sixteen digits and a sign: 2^50 and nothing longer."""
REFUSAL_KEPT_MS = 96 * 3_600_000
NEVER = 0


class Kept(NamedTuple):
    """A text that is forgotten after `until_ms`, never when that is 0."""

    text: str
    until_ms: int = NEVER


class Posted(NamedTuple):
    """A line of the journal, without its moment."""

    place: int
    room_seq: int
    after: str
    entry: Entry


class Turned(Exception):
    """An entry may not be posted; the message is the store's answer."""

    def __init__(self, text: str, account: str = "") -> None:
        super().__init__(text)
        self.account = account


class Model:
    """One ledger. `records` and `registers` hold the texts that the store holds."""

    def __init__(self) -> None:
        self.balances: dict[str, int] = {}
        self.rooms: Counter[str] = Counter()
        self.records: dict[str, Kept] = {}
        self.registers: dict[str, Kept] = {}
        self.ranks: dict[str, dict[str, int]] = {}
        self.journal: list[Posted] = []

    def post(self, entries: Sequence[Entry], at_ms: int) -> list[str]:
        """The answers to one call. What may be forgotten is, but not while the call runs."""
        self._forget(at_ms)
        return [self._post(entry, at_ms) for entry in entries]

    def pass_time(self, ms: int) -> None:
        """Bring every moment of forgetting nearer."""
        for held in (self.records, self.registers):
            for name, kept in held.items():
                if kept.until_ms != NEVER:
                    held[name] = Kept(kept.text, max(1, kept.until_ms - ms))

    def version(self, register: str) -> int:
        """0 for one that is not there."""
        return int(self._register(register).split(" ")[0])

    # --- one entry

    def _post(self, entry: Entry, at_ms: int) -> str:
        if entry.id in self.records:
            fingerprint, _, outcome = self.records[entry.id].text.partition(" ")
            return f"again {outcome}" if fingerprint == entry.fingerprint else "conflict"
        try:
            if entry.refusal:
                raise Turned(f"refused code {entry.refusal}")
            self._check_reads(entry)
            balances, after = self._walk(entry.legs)
        except Turned as turned:
            return self._turn_down(entry, turned, at_ms)
        return self._accept(entry, balances, after)

    def _check_reads(self, entry: Entry) -> None:
        stale = [name for name, version in entry.reads if self.version(name) != version]
        if stale:
            raise Turned("stale " + "\n".join(f"{name} {self._register(name)}" for name in stale))

    def _walk(self, legs: Sequence[Leg]) -> tuple[dict[str, int], list[str]]:
        """The balances that the legs lead to, and the one behind each; raises `Turned`.

        Leg by leg, so that what is turned down is turned down for the first leg that may not be.
        """
        balances, sums, after = dict[str, int](), Counter[str](), list[str]()
        for number, leg in enumerate(legs, 1):
            name = f"{leg.account} {leg.asset}"
            if not _is_amount(leg.amount) or (leg.floor and not _is_amount(leg.floor)):
                raise Turned(f"invalid amount in leg {number}")
            balance = balances.get(name, self.balances.get(name, 0)) + int(leg.amount)
            if abs(balance) > AMOUNT_MAX:
                raise Turned(f"refused range {name}")
            if breaks_floor(leg, balance):
                raise Turned(f"refused floor {name}", leg.account)
            sums[leg.asset] += int(leg.amount)
            if abs(sums[leg.asset]) > SUM_MAX:
                raise Turned(f"refused range {name}")
            balances[name] = balance
            after.append(str(balance))
        if assets := unbalanced(list(legs)):
            raise Turned(f"invalid sum of {assets[0]}")
        return balances, after

    def _turn_down(self, entry: Entry, turned: Turned, at_ms: int) -> str:
        text = str(turned)
        if turned.account and class_of(turned.account) == entry.unrecorded:
            return text.replace("refused", "short", 1)
        if text.startswith("refused"):
            until_ms = at_ms + REFUSAL_KEPT_MS
            self.records[entry.id] = Kept(f"{entry.fingerprint} {text}", until_ms)
        return text

    def _accept(self, entry: Entry, balances: dict[str, int], after: list[str]) -> str:
        self.balances |= balances
        for name, value, until_ms in entry.writes:
            self.registers[name] = Kept(f"{self.version(name) + 1} {value}", until_ms)
        self._rank(entry)
        if entry.room:
            self.rooms[entry.room] += 1
        place, room_seq = len(self.journal) + 1, self.rooms[entry.room] if entry.room else 0
        self.journal.append(Posted(place, room_seq, ",".join(after), entry))
        text = f"posted {place} {room_seq} {','.join(after)}"
        self.records[entry.id] = Kept(f"{entry.fingerprint} {text}", entry.forget_at_ms)
        return text

    def _rank(self, entry: Entry) -> None:
        for ranking, member, score, is_raise in entry.ranks:
            scores = self.ranks.setdefault(ranking, {})
            if is_raise:
                scores[member] = scores.get(member, 0) + score
            elif score:
                scores[member] = score
            else:
                scores.pop(member, None)

    # --- what is held

    def _register(self, name: str) -> str:
        return self.registers[name].text if name in self.registers else "0 null"

    def _forget(self, now_ms: int) -> None:
        for held in (self.records, self.registers):
            for name in [name for name, kept in held.items() if NEVER < kept.until_ms <= now_ms]:
                del held[name]


def _is_amount(text: str) -> bool:
    digits = text.removeprefix("-")
    is_number = digits.isascii() and digits.isdigit() and len(text) <= AMOUNT_CHARACTERS_MAX
    return is_number and abs(int(text)) <= AMOUNT_MAX
