"""A course of values as one line of blocks. Pure.

Invariant: what is not nought never looks like nought, and what was not measured is a blank.
"""

from collections.abc import Sequence

BLOCKS = "▁▂▃▄▅▆▇"
"""Not the full block: courses below each other would run into one."""


def sparkline(values: Sequence[float | None], width: int) -> str:
    """The last `width` values between nought and the largest of them, right-aligned."""
    last = list(values)[-width:] if width > 0 else []
    top = max((value for value in last if value is not None), default=0.0)
    return "".join(_block(value, top) for value in last).rjust(width)


def _block(value: float | None, top: float) -> str:
    if value is None:
        return " "
    if value <= 0 or top <= 0:
        return BLOCKS[0]
    return BLOCKS[max(1, min(len(BLOCKS) - 1, round(value / top * (len(BLOCKS) - 1))))]
