"""What goes on beside a block: it ends with it, and each tells of the other's failure."""

import asyncio
import signal

import pytest

from loadtest.alongside import alongside, until_interrupted

from ..waiting import until


class Wrong(Exception):
    pass


async def endless(ended: list[str]) -> None:
    try:
        await asyncio.Event().wait()
    finally:
        ended.append("ended")


async def failing() -> None:
    raise Wrong


async def test_what_is_beside_a_block_ends_with_it() -> None:
    ended: list[str] = []
    async with alongside(endless(ended), endless(ended)):
        await asyncio.sleep(0)
    assert ended == ["ended", "ended"]


async def test_a_block_that_fails_fails_with_its_own_error_and_no_group_of_them() -> None:
    ended: list[str] = []

    async def fail() -> None:
        async with alongside(endless(ended)), alongside(endless(ended)):
            await asyncio.sleep(0)
            raise Wrong

    with pytest.raises(Wrong):
        await fail()
    assert ended == ["ended", "ended"]


async def test_a_failure_beside_a_block_cancels_it() -> None:
    with pytest.raises(ExceptionGroup) as failed:
        async with alongside(failing()):
            await asyncio.Event().wait()
    assert isinstance(failed.value.exceptions[0], Wrong)


async def test_the_first_ctrl_c_sets_the_event() -> None:
    with until_interrupted() as stop:
        signal.raise_signal(signal.SIGINT)
        await until(stop.is_set)
