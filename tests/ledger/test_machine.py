"""A real store beside the model: the same answers, text by text, and in the end the same books.

Hypothesis makes up the sequence: batches of entries of every shape, repeats, lost connections,
kills of the store, the function loaded anew, hours that pass. A store's clock cannot be set, so
time passes by bringing nearer the moments at which its keys are forgotten.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any, ClassVar, TypeVar

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from livesrv import stores
from livesrv.ledger.audit import audit
from livesrv.ledger.entry import Entry, leg
from livesrv.ledger.store import install
from tests.embedded import RunningStore
from tests.seeding import ROUNDS, SEED

from . import state
from .calls import call, encoded, lines, post, restore
from .model import Model
from .shapes import PASSING, STEP_MS, Shapes

EXAMPLES = 50
STEPS = 20
BATCHES = 8
KILLS_MAX = 2
"""In one example: a store takes its time to come back."""
START_MS = int(time.time() * 1000)
WIDE = 5_000
"""Legs in an entry: more than one command of the store takes arguments."""

ANSWERS = {
    *("posted", "again posted", "again refused", "conflict", "stale"),
    *("refused code", "refused floor", "refused range", "short floor"),
    *("invalid amount", "invalid sum"),
}
"""Every kind of answer; a run that does not meet them all proves less than it says."""

T = TypeVar("T")


class Bench:
    """Two real stores and the event loop that all of this runs on."""

    def __init__(self, directory: Path) -> None:
        self._runner = asyncio.Runner()
        self.main = RunningStore("ledger", directory / "main")
        self.other = RunningStore("ledger", directory / "other")
        for store in (self.main, self.other):
            self.run(store.start())
        self.kills = 0
        self.answers: Counter[str] = Counter()

    def run(self, doing: Awaitable[T]) -> T:
        async def do() -> T:
            return await doing

        return self._runner.run(do())

    def close(self) -> None:
        for store in (self.main, self.other):
            self.run(store.kill())
        self._runner.close()

    def emptied(self, store: RunningStore) -> Redis:
        """A client of a store in which there is nothing but the function."""
        client = stores.connect(store.url)
        self.run(client.flushall())
        with suppress(ResponseError):  # the last one is not done yet
            self.run(client.bgrewriteaof())  # what is emptied need not be loaded after each kill
        self.run(install(client))
        return client


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    made = Bench(tmp_path_factory.mktemp("bench"))
    yield made
    made.close()


class Machine(RuleBasedStateMachine):
    """One example: a ledger from its first entry on."""

    bench: ClassVar[Bench]

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.client = self.bench.emptied(self.bench.main)
        self.last: list[Entry] = []
        self.kills = 0
        self.has_passed_time = False

    @rule(number=st.integers(0, 2**32))
    def post(self, number: int) -> None:
        shapes = Shapes(Random(number), START_MS)
        for _ in range(BATCHES):
            self.last = [self._resolved(entry) for entry in shapes.batch()]
            self._post(self.last)

    @rule()
    def post_the_same_again(self) -> None:
        self._post(self.last)

    @rule()
    def post_as_one_who_was_told_more(self) -> None:
        place = len(self.model.journal) + 1
        with pytest.raises(ResponseError, match="BEHIND"):
            self.bench.run(call(self.client, "post", str(place), *encoded(self.last)))

    @rule()
    def reconnect(self) -> None:
        self.bench.run(self.client.aclose())
        self.client = stores.connect(self.bench.main.url)

    @precondition(lambda self: self.kills < KILLS_MAX)
    @rule()
    def kill_the_store(self) -> None:
        self.kills += 1
        self.bench.kills += 1
        self.bench.run(self.bench.main.kill())
        self.bench.run(self.bench.main.start())

    @rule()
    def load_the_function_anew(self) -> None:
        self.bench.run(install(self.client))

    @rule(steps=st.integers(1, 14))
    def pass_time(self, steps: int) -> None:
        self.has_passed_time = True
        self.model.pass_time(steps * STEP_MS)
        self.bench.run(bring_nearer(self.client, steps * STEP_MS))

    @rule()
    def compare(self) -> None:
        state.check_same(self.bench.run(state.of_store(self.client)), self._expected())

    @precondition(lambda self: not self.has_passed_time)
    @rule(chunk=st.integers(1, 9))
    def restore_into_an_empty_store(self, chunk: int) -> None:
        empty = self.bench.emptied(self.bench.other)
        self.bench.run(copy(self.client, empty, chunk))
        check_restored(self.bench.run(state.of_store(empty)), self._expected())
        assert self.bench.run(audit(empty)).breaches == []
        self.bench.run(empty.aclose())

    def teardown(self) -> None:
        self.compare()
        assert self.bench.run(audit(self.client)).breaches == []
        self.bench.run(self.client.aclose())

    def _expected(self) -> state.State:
        self.model.post([], now_ms())  # which forgets what the store has forgotten
        return state.of_model(self.model)

    def _resolved(self, entry: Entry) -> Entry:
        """The entry with versions in place of offsets from them."""
        reads = [(name, self.model.version(name) + offset) for name, offset in entry.reads]
        return msgspec.structs.replace(entry, reads=reads)

    def _post(self, batch: Sequence[Entry]) -> None:
        told = self.bench.run(post(self.client, batch, len(self.model.journal)))
        assert told == self.model.post(batch, now_ms())
        self.bench.answers.update(_kind(text) for text in told)


def test_store_and_model_agree_on_whatever_happens(
    bench: Bench, record_property: Callable[[str, object], None]
) -> None:
    Machine.bench = bench
    seeded(SEED)(Machine)
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=EXAMPLES * ROUNDS,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
    record_property("rounds", EXAMPLES * ROUNDS)
    record_property("kills", bench.kills)
    print(bench.answers)
    assert bench.answers.keys() >= ANSWERS, "not everything was tried"


def test_an_entry_wider_than_a_command_is_posted_whole(bench: Bench) -> None:
    client, model = bench.emptied(bench.main), Model()
    legs = [leg(f"wallet:{i}", "CNY", 1) for i in range(WIDE)]
    wide = Entry(id="w", fingerprint="f", kind="x", legs=[leg("world", "CNY", -WIDE), *legs])
    assert bench.run(post(client, [wide], 0)) == model.post([wide], now_ms())
    state.check_same(bench.run(state.of_store(client)), state.of_model(model))
    bench.run(client.aclose())


def _kind(text: str) -> str:
    """The words that an answer begins with."""
    one, two, *_ = [*text.split(" "), ""]
    return one if one in ("posted", "stale", "conflict") else f"{one} {two}"


# --- the store's side


def now_ms() -> int:
    return int(time.time() * 1000)


async def bring_nearer(store: Redis, ms: int) -> None:
    """Let `ms` pass for every key that is to be forgotten."""
    keys: Any = await store.keys("*")
    for key in keys:
        moment = await store.pexpiretime(key)
        if moment > 0:
            await store.pexpireat(key, max(1, moment - ms))


async def copy(source: Redis, target: Redis, chunk: int) -> None:
    """Restore one store's journal into another, so many lines a call."""
    told = await lines(source)
    for first in range(0, len(told), chunk):
        await restore(target, told[first : first + chunk])


# --- comparing


def check_restored(found: state.State, expected: state.State) -> None:
    """The same, but for what no journal tells: refusals, and what was forgotten in between."""
    refused = {name for name, text in expected.records.items() if " refused " in text}
    records = {name: text for name, text in expected.records.items() if name not in refused}
    moments = {
        key: moment
        for key, moment in expected.until_ms.items()
        if key.removeprefix(state.RECORD_PREFIX) not in refused
    }
    told = expected._replace(records=records, until_ms=moments)
    state.check_same(_without_passing_versions(found), _without_passing_versions(told))


def _without_passing_versions(held: state.State) -> state.State:
    """A register that was forgotten and written again has counted anew, from whenever it was."""
    registers = {
        name: text.partition(" ")[2] if name in PASSING else text
        for name, text in held.registers.items()
    }
    return held._replace(registers=registers)
