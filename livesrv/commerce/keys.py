"""Idempotency keys and how long they are remembered. Pure."""

from livesrv.refusal import Refused
from protocol.codes import ErrorCode

HOUR_MS = 3_600_000
CLOCK_SKEW_MAX_MS = 300_000
MARGIN_MS = 24 * HOUR_MS
"""Records outlive the window by this much, whatever two clocks say."""


def forget_at_ms(made_at_ms: int | None, now_ms: int, window_h: int) -> int:
    """When a key's record may be forgotten; 0 for a key that does not tell its age.

    Raises `Refused` `too_old` for a key whose record may have been forgotten already, and
    `invalid` for one from the future.
    """
    if made_at_ms is None:
        return 0
    if made_at_ms > now_ms + CLOCK_SKEW_MAX_MS:
        raise Refused(ErrorCode.INVALID, f"made_at_ms is {made_at_ms}, and now is {now_ms}")
    if made_at_ms < now_ms - window_h * HOUR_MS:
        raise Refused(ErrorCode.TOO_OLD, f"the key was made more than {window_h} h ago; make one")
    return made_at_ms + window_h * HOUR_MS + MARGIN_MS
