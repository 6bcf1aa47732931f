"""What was read a moment ago is read once for all, never too old, and never a failure kept."""

import asyncio

import pytest

from livesrv.api.lately import Lately

from .waiting import until_awaited


class Source:
    """Counts its readings; the first one fails if it `is_away`."""

    def __init__(self, *, is_away: bool = False) -> None:
        self.readings = 0
        self._is_away = is_away

    async def read(self) -> int:
        self.readings += 1
        await asyncio.sleep(0)
        if self._is_away and self.readings == 1:
            raise ConnectionError("away")
        return self.readings


async def test_all_who_ask_at_once_cost_one_reading() -> None:
    source, lately = Source(), Lately[int](keep_ms=60_000, keys_max=2)
    assert set(await asyncio.gather(*(lately.get("a", source.read) for _ in range(50)))) == {1}
    assert await lately.get("a", source.read) == 1


async def test_another_key_is_another_reading() -> None:
    source, lately = Source(), Lately[int](keep_ms=60_000, keys_max=2)
    assert [await lately.get(key, source.read) for key in "aba"] == [1, 2, 1]


async def test_what_is_too_old_is_read_again() -> None:
    source, lately = Source(), Lately[int](keep_ms=20, keys_max=2)
    assert await lately.get("a", source.read) == 1

    async def is_new() -> bool:
        return await lately.get("a", source.read) == 2

    await until_awaited(is_new)


async def test_a_failure_is_not_kept() -> None:
    source, lately = Source(is_away=True), Lately[int](keep_ms=60_000, keys_max=2)
    with pytest.raises(ConnectionError):
        await lately.get("a", source.read)
    assert await lately.get("a", source.read) == 2


async def test_one_who_gives_up_takes_nothing_from_the_others() -> None:
    source, lately = Source(), Lately[int](keep_ms=60_000, keys_max=2)
    first = asyncio.ensure_future(lately.get("a", source.read))
    second = asyncio.ensure_future(lately.get("a", source.read))
    await asyncio.sleep(0)
    first.cancel()
    assert await second == 1


async def test_the_oldest_key_makes_room() -> None:
    source, lately = Source(), Lately[int](keep_ms=60_000, keys_max=2)
    assert [await lately.get(key, source.read) for key in "abcba"] == [1, 2, 3, 2, 4]
