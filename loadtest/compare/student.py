"""Student's t for whole degrees of freedom. Pure.

Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.3 and 26.7.4. Invariant: `within` of
`critical(degrees, level)` is `1 - level`.
"""

import math
from functools import lru_cache

HALVINGS = 200
"""Of an interval of 1e9: more than a float can tell apart."""


def within(t: float, degrees: int) -> float:
    """The probability that |T| <= t."""
    angle = math.atan(t / math.sqrt(degrees))
    cosine, sine = math.cos(angle), math.sin(angle)
    is_odd = degrees % 2 == 1
    term = cosine if is_odd else 1.0
    total = term if degrees > 1 else 0.0
    for k in range(3 if is_odd else 2, degrees - 1, 2):
        term *= cosine * cosine * (k - 1) / k
        total += term
    return 2.0 / math.pi * (angle + sine * total) if is_odd else sine * total


@lru_cache(maxsize=64)
def critical(degrees: int, level: float) -> float:
    """The t that |T| exceeds with the probability `level`. Raises `ValueError`."""
    if degrees < 1 or not 0.0 < level < 1.0:
        raise ValueError(f"degrees is {degrees} (at least 1), level is {level} (within 0 and 1)")
    low, high = 0.0, 1e9
    for _ in range(HALVINGS):
        middle = (low + high) / 2.0
        low, high = (middle, high) if within(middle, degrees) < 1.0 - level else (low, middle)
    return high
