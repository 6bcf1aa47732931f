"""A refusal: what a command gets when it is understood and turned down. The connection lives on."""

from protocol.codes import ErrorCode


class Refused(Exception):
    """We refuse. `retry_after_ms` is set only where waiting helps."""

    def __init__(self, code: ErrorCode, message: str, retry_after_ms: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.retry_after_ms = retry_after_ms
