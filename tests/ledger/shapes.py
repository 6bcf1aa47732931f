"""Entries of every shape, by seed: what is posted, repeated, refused, short, stale and malformed.

Names come from small pools, so that entries meet. Most of a batch is sound, so that the books grow.
A register is read at an offset from the version at which it stands when the batch is posted: 0 is
fresh, all others are stale.
"""

from random import Random
from typing import Any

from livesrv.ledger.entry import Entry, Leg, Rank, Write

from .model import AMOUNT_MAX, NEVER

STEP_MS = 7 * 3_600_000
"""How far time passes at once. Moments of forgetting lie half a step off all sums of it, and so
do the 96 hours of refusals, so no real second decides whether something is forgotten."""
STEPS_MAX = 20
LONG_AGO_MS = 1
BATCH_MAX = 24
IDS = 400
"""So few that a long example meets many of them again."""

OUTSIDE = ["world", "supplier:p", "clearing:c", "pending:h", "available:h"]
INSIDE = ["wallet:a", "wallet:b", "wallet:c", "stock:p", "orders:unsettled", "quota:o:a"]
ASSETS = ["CNY", "COIN", "SKU:p"]
CLASSES = ["wallet", "stock", "pending", "quota", "orders"]
LASTING = ["order:1", "order:2"]
PASSING = ["combo:1", "combo:2"]
"""Registers that are never forgotten, and those that may be, and begin at version 1 again."""
REGISTERS = [*LASTING, *PASSING]
HUGE = [AMOUNT_MAX, AMOUNT_MAX - 1, AMOUNT_MAX // 2, 2**49 + 3]
FLOORS = ["0", "-5", "3", "-0", str(-AMOUNT_MAX), str(AMOUNT_MAX)]
MALFORMED = ["", "1.5", "abc", "+1", "1e3", " 1", "٣", str(AMOUNT_MAX + 1), "0" * 18, "--1", "-"]
FACTS: list[dict[str, Any]] = [{}, {}, {"said": 'a "word"\n'}, {"due": None, "n": [1, -2]}]


class Shapes:
    """A source of entries; moments are counted from `start_ms`."""

    def __init__(self, rng: Random, start_ms: int) -> None:
        self._rng = rng
        self._start_ms = start_ms

    def batch(self) -> list[Entry]:
        return [self.entry() for _ in range(self._rng.randint(1, BATCH_MAX))]

    def entry(self) -> Entry:
        rng = self._rng
        return Entry(
            id=f"e{rng.randrange(IDS)}",
            fingerprint="g" if self._now_and_then(0.1) else "f",
            kind="any",
            room=rng.choice(["", "r", "s"]),
            legs=self._malformed() if self._now_and_then(0.08) else self._balanced(),
            reads=[(name, self._offset()) for name in self._some(REGISTERS)],
            writes=[self._write(name) for name in self._some(REGISTERS)],
            ranks=[
                Rank(rng.choice("xy"), member, rng.randrange(5), rng.random() < 0.5)
                for member in self._some("abc")
            ],
            facts=rng.choice(FACTS),
            refusal="not_live" if self._now_and_then(0.05) else "",
            unrecorded=rng.choice(CLASSES) if self._now_and_then(0.4) else "",
            forget_at_ms=self._until(),
        )

    def _balanced(self) -> list[Leg]:
        """No legs, or pairs of them in any order, and legs that only look at a balance."""
        legs = [leg for _ in range(self._rng.randrange(4)) for leg in self._pair()]
        if self._now_and_then(0.2):
            legs.append(Leg(self._account(), self._rng.choice(ASSETS), "0", self._floor()))
        if self._now_and_then(0.3):
            self._rng.shuffle(legs)
        return legs

    def _pair(self) -> list[Leg]:
        """Units that move; the two accounts may be the same."""
        source = self._rng.choice(OUTSIDE) if self._now_and_then(0.6) else self._account()
        asset, amount = self._rng.choice(ASSETS), self._amount()
        return [
            Leg(source, asset, str(-amount), self._floor()),
            Leg(self._account(), asset, str(amount), self._floor()),
        ]

    def _malformed(self) -> list[Leg]:
        """One leg is spoilt: an amount or a floor that is none, or a sum that is not zero."""
        legs = [*self._balanced(), *self._pair()]
        at = self._rng.randrange(len(legs))
        leg, text = legs[at], self._rng.choice(MALFORMED)
        spoilt = [leg._replace(amount=text), leg._replace(amount=str(int(leg.amount) + 1))]
        if text:
            spoilt.append(leg._replace(floor=text))
        legs[at] = self._rng.choice(spoilt)
        return legs

    def _account(self) -> str:
        return self._rng.choice(OUTSIDE + INSIDE)

    def _amount(self) -> int:
        return self._rng.choice(HUGE) if self._now_and_then(0.06) else self._rng.randrange(20)

    def _floor(self) -> str:
        return self._rng.choice(FLOORS) if self._now_and_then(0.1) else ""

    def _offset(self) -> int:
        return self._rng.choice([-1, 1]) if self._now_and_then(0.1) else 0

    def _write(self, name: str) -> Write:
        return Write(name, str(self._rng.randrange(10)), self._until() if name in PASSING else 0)

    def _until(self) -> int:
        """Never, long ago, or within some steps of time."""
        if self._now_and_then(0.5):
            return NEVER
        if self._now_and_then(0.2):
            return LONG_AGO_MS
        return self._start_ms + self._rng.randrange(STEPS_MAX) * STEP_MS + STEP_MS // 2

    def _some(self, names: list[str] | str) -> list[str]:
        """Mostly none, now and then one or two, not always different."""
        return self._rng.choices(names, k=self._rng.choice([0, 0, 0, 1, 2]))

    def _now_and_then(self, how_often: float) -> bool:
        return self._rng.random() < how_often
