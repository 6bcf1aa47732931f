"""Everything a ledger store holds, in the shape of the model, so that the two can be compared."""

from typing import Any, NamedTuple

from redis.asyncio import Redis

from livesrv.ledger import journal
from livesrv.ledger.entry import Entry
from livesrv.ledger.store import BALANCES_KEY, META_KEY, RANK_PREFIX, REGISTER_PREFIX, ROOMS_KEY

from .model import NEVER, Model

RECORD_PREFIX = "{ledger}:entry:"
SCAN_COUNT = 10_000
CLOCKS_DIFFER_MS = 3_600_000
"""A refusal is kept from when it was made, which in a long test is a while ago."""


class State(NamedTuple):
    """`records` and `registers` hold texts; `until_ms` says when a key of either is forgotten."""

    place: int
    balances: dict[str, int]
    rooms: dict[str, int]
    records: dict[str, str]
    registers: dict[str, str]
    ranks: dict[str, dict[str, int]]
    journal: list[tuple[int, int, tuple[int, ...], Entry]]
    until_ms: dict[str, int]


def of_model(model: Model) -> State:
    kept = _prefixed(RECORD_PREFIX, model.records) | _prefixed(REGISTER_PREFIX, model.registers)
    return State(
        place=len(model.journal),
        balances=dict(model.balances),
        rooms=dict(model.rooms),
        records={name: kept.text for name, kept in model.records.items()},
        registers={name: kept.text for name, kept in model.registers.items()},
        ranks={ranking: scores for ranking, scores in model.ranks.items() if scores},
        journal=[
            (line.place, line.room_seq, _balances(line.after), line.entry) for line in model.journal
        ],
        until_ms={name: each.until_ms for name, each in kept.items() if each.until_ms != NEVER},
    )


async def of_store(store: Redis) -> State:
    """Read all of it; nobody may be posting."""
    place: Any = await store.hget(META_KEY, "place")
    records, registers = await _texts(store, RECORD_PREFIX), await _texts(store, REGISTER_PREFIX)
    kept = [*_prefixed(RECORD_PREFIX, records), *_prefixed(REGISTER_PREFIX, registers)]
    return State(
        place=int(place or 0),
        balances=await _numbers(store, BALANCES_KEY),
        rooms=await _numbers(store, ROOMS_KEY),
        records=records,
        registers=registers,
        ranks=await _ranks(store),
        journal=[
            (line.place, line.room_seq, line.after, line.entry)
            async for line in journal.walk(store, 0)
        ],
        until_ms=await _until_ms(store, kept),
    )


def check_same(found: State, expected: State) -> None:
    """Fails with the first part that differs; moments may, by as much as two clocks do."""
    for name, got, told in zip(found._fields[:-1], found, expected, strict=False):
        assert got == told, name
    assert found.until_ms.keys() == expected.until_ms.keys()
    for key, moment in found.until_ms.items():
        assert abs(moment - expected.until_ms[key]) < CLOCKS_DIFFER_MS, key


async def _texts(store: Redis, prefix: str) -> dict[str, str]:
    """Strings under a prefix; the store leaves out by itself what it has forgotten."""
    names = await _keys(store, prefix)
    values: Any = await store.mget([prefix + name for name in names]) if names else []
    found = zip(names, values, strict=True)
    return {name: value.decode() for name, value in found if value is not None}


async def _numbers(store: Redis, key: str) -> dict[str, int]:
    found: Any = await store.hgetall(key)
    return {name.decode(): int(value) for name, value in found.items()}


async def _ranks(store: Redis) -> dict[str, dict[str, int]]:
    found = {}
    for ranking in await _keys(store, RANK_PREFIX):
        pairs: Any = await store.zrange(RANK_PREFIX + ranking, 0, -1, withscores=True)
        found[ranking] = {member.decode(): int(score) for member, score in pairs}
    return found


async def _until_ms(store: Redis, keys: list[str]) -> dict[str, int]:
    pipe = store.pipeline(transaction=False)
    for key in keys:
        pipe.pexpiretime(key)
    moments = await pipe.execute()
    return {key: moment for key, moment in zip(keys, moments, strict=True) if moment > 0}


async def _keys(store: Redis, prefix: str) -> list[str]:
    found = [key async for key in store.scan_iter(prefix + "*", count=SCAN_COUNT)]
    return sorted(str(key, "ascii").removeprefix(prefix) for key in found)


def _prefixed(prefix: str, named: dict[str, Any]) -> dict[str, Any]:
    return {prefix + name: value for name, value in named.items()}


def _balances(after: str) -> tuple[int, ...]:
    return tuple(map(int, after.split(","))) if after else ()
