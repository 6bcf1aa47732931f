"""Relaying in tests: one room's run, as the publisher would tell it."""

from livesrv.rooms.bus import Bus, Parcel, Run
from livesrv.rooms.lanes import LANES, lane_of


async def begun(bus: Bus, cursor: int = 0) -> None:
    await bus.begin(dict.fromkeys(range(LANES), cursor))


async def relay(bus: Bus, room: str, run: Run, *, known: int = 0) -> bool:
    """Tell a room a run that is all there is up to the place of its last number; whether it was."""
    upto, lane = run.first + len(run.events) - 1, lane_of(room)
    return (await bus.relay({lane: Parcel(known, upto, {room: run})}))[lane] >= known
