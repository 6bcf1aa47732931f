"""Messages between master and workers, signed with the server's secret. Pure.

Locust's own messages are neither signed nor secret, and ours are pickles, which run code when they
are read: so nothing is read that was not sealed by who knows the secret. Invariant: a message is
opened once, in its turn, by whom it was sealed for.
"""

import hashlib
import hmac

SEAL_BYTES = hashlib.sha256().digest_size


class BadSeal(ValueError):
    """A message is not what the other side sent next."""


class Seal:
    """One direction between master and one worker, in one test. Both sides count messages."""

    def __init__(self, secret: str, test: str, worker: str, direction: str) -> None:
        self._key = hashlib.sha256(f"livesrv locust {secret}".encode()).digest()
        self._place = f"{test}\n{worker}\n{direction}\n".encode()
        self._count = 0

    def sealed(self, content: bytes) -> bytes:
        return self._next(content) + content

    def opened(self, message: bytes) -> bytes:
        """The content of the next message. Raises `BadSeal`."""
        seal, content = message[:SEAL_BYTES], message[SEAL_BYTES:]
        if not hmac.compare_digest(seal, self._next(content)):
            raise BadSeal("a message has a wrong seal: is the secret the same on all machines?")
        return content

    def _next(self, content: bytes) -> bytes:
        self._count += 1
        number = f"{self._count}\n".encode()
        return hmac.digest(self._key, self._place + number + content, "sha256")
