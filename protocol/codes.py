"""The two closed vocabularies of the wire: error codes and close codes.

An error code answers one command and leaves the connection alive. A close code ends the
connection and tells the client whether coming back makes sense.
"""

from enum import IntEnum, StrEnum


class ErrorCode(StrEnum):
    """Why a command was refused."""

    INVALID = "invalid"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    RATE_LIMITED = "rate_limited"
    MUTED = "muted"
    BANNED = "banned"
    NOT_LIVE = "not_live"
    SOLD_OUT = "sold_out"
    INSUFFICIENT_FUNDS = "insufficient_funds"
    PRICE_CHANGED = "price_changed"
    LIMIT_EXCEEDED = "limit_exceeded"
    NOT_ELIGIBLE = "not_eligible"
    CONFLICT = "conflict"
    TOO_OLD = "too_old"
    BUSY = "busy"
    INTERNAL = "internal"


HTTP_STATUS: dict[ErrorCode, int] = {
    ErrorCode.INVALID: 400,
    ErrorCode.UNAUTHENTICATED: 401,
    ErrorCode.FORBIDDEN: 403,
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.RATE_LIMITED: 429,
    ErrorCode.MUTED: 403,
    ErrorCode.BANNED: 403,
    ErrorCode.NOT_LIVE: 409,
    ErrorCode.SOLD_OUT: 409,
    ErrorCode.INSUFFICIENT_FUNDS: 402,
    ErrorCode.PRICE_CHANGED: 409,
    ErrorCode.LIMIT_EXCEEDED: 409,
    ErrorCode.NOT_ELIGIBLE: 403,
    ErrorCode.CONFLICT: 409,
    ErrorCode.TOO_OLD: 410,
    ErrorCode.BUSY: 503,
    ErrorCode.INTERNAL: 500,
}
"""The HTTP status that goes with each code in a problem document."""


class CloseCode(IntEnum):
    """Why a WebSocket connection was ended (RFC 6455 section 7.4; 4000-4999 are private use)."""

    NORMAL = 1000
    """The answer to a client's own close."""
    GOING_AWAY = 1001
    """The client left without saying why; never sent by the server."""
    INTERNAL_ERROR = 1011
    """Our bug. Coming back is fine."""
    RESTARTING = 1012
    """The server is draining. Come back after the `moved` push's hint."""
    TRY_AGAIN_LATER = 1013
    """Full. Come back later."""
    UNDECODABLE = 4400
    """Bytes that do not decode, or a message over the size limit."""
    UNAUTHENTICATED = 4401
    """No hello in time, a command before hello, or a token that is not ours."""
    BANNED = 4403
    """Banned from the room, or the token has expired. Do not come back with this token."""
    TOO_SLOW = 4408
    """The reliable lane is stuck, or the peer is silent. Come back and join with `since`."""
    REPLACED = 4409
    """The same user opened too many connections; the oldest one goes."""
    FLOODING = 4429
    """Far more commands than any person sends."""
