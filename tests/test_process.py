"""What the processes of a server have in common: how they end."""

import asyncio

import pytest

from livesrv import process
from livesrv.process import Ended


async def stubborn() -> None:
    """Goes on after a first cancellation, as a call in Python 3.11's `wait_for` may."""
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        await asyncio.Event().wait()


async def failing() -> None:
    await asyncio.sleep(0)
    raise KeyError("a defect")


async def test_process_ends_when_a_task_has_ended_though_another_swallows_a_cancellation() -> None:
    with pytest.raises(Ended, match="the defect has ended") as caught:
        await process.run_until(asyncio.Event(), {"the other": stubborn(), "the defect": failing()})
    assert isinstance(caught.value.__cause__, KeyError)
    assert "the other" not in {task.get_name() for task in asyncio.all_tasks()}
