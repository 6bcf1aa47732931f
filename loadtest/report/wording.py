"""How figures and moments are written, the same in every report. Pure.

Invariant: no rounding hides a loss. 99.996 % is not written as 100 %, nor 0.004 % as 0 %.
"""

from collections.abc import Mapping

from ..record.figures import UnknownFigure, figure, value

NONE = "–"
"""What stands for a figure that the run could not learn."""
_BYTES_MANY = 1e4
"""From here on bytes are written in thousands."""
_COMPACT = ((1e9, "G"), (1e6, "M"), (1e3, "k"))


def shown(number: float | None, unit: str = "") -> str:
    """A figure with its unit: `1,234`, `12.3 ms`, `99.98 %`, `48/s`."""
    if number is None:
        return NONE
    if unit == "%":
        return f"{_percent(number)} %"
    if unit.startswith("B") and abs(number) >= _BYTES_MANY:
        scaled = compact(number)
        return f"{scaled[:-1]} {scaled[-1]}{unit}"
    gap = "" if unit.startswith("/") else " "
    return f"{plain(number)}{gap}{unit}".rstrip()


def plain(number: float | None) -> str:
    """Without a unit: three digits at least, and none behind the point of what is large."""
    if number is None:
        return NONE
    if number == int(number) or abs(number) >= 100:
        return f"{number:,.0f}"
    return f"{number:.1f}" if abs(number) >= 10 else f"{number:.2f}"


def compact(number: float) -> str:
    """Four characters or so, for an axis: `1.2k`, `15M`, `0.5`."""
    for size, letter in _COMPACT:
        if abs(number) >= size:
            return f"{number / size:.3g}{letter}"
    return f"{number:.3g}"


def of(figures: Mapping[str, float], name: str) -> str:
    """One of a run's figures as it is written, with its unit."""
    return shown(value(dict(figures), name), _unit(name))


def clock(seconds: float) -> str:
    """`0:23`, `1:02:03`."""
    minutes, rest = divmod(int(max(0.0, seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def many(number: int, what: str) -> str:
    """`1 reason`, `3 reasons`."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def moment(iso: str) -> str:
    """`2026-11-22 14:31:07 UTC` of an ISO 8601 moment that is in UTC."""
    return f"{iso[:10]} {iso[11:19]} UTC".replace("Z", "")


def _unit(name: str) -> str:
    try:
        return figure(name).unit
    except UnknownFigure:
        return ""


def _percent(number: float) -> str:
    digits = 2 if 0 < number < 1 or 99 < number < 100 else 1
    text = f"{number:.{digits}f}".rstrip("0").rstrip(".")
    if text == "100" and number < 100:
        return "99.99"
    return "0.01" if text == "0" and number > 0 else text
