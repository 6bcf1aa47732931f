"""The crew's messages over a socket pair, as Locust's greenlets speak them.

The sockets are gevent's where Locust runs: waiting here lets the other greenlets go on. The other
end is `crew.messages.send` and `receive`.
"""

import pickle
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from threading import Lock
from typing import Any

from ..crew.messages import FRAME_LENGTH

END_WITHIN_S = 5.0


def packed(message: Any) -> bytes:
    return pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)


class Line:
    """Our end of a socket pair. Messages are taken and given packed."""

    def __init__(self, ours: socket.socket) -> None:
        self._socket = ours
        self._turn = Lock()

    def send(self, content: bytes) -> bool:
        """Whether the other side was still there."""
        try:
            with self._turn:
                self._socket.sendall(FRAME_LENGTH.pack(len(content)) + content)
        except OSError:
            return False
        return True

    def receive(self) -> bytes | None:
        """The next message; None at the end."""
        try:
            head = self._exactly(FRAME_LENGTH.size)
            return None if head is None else self._exactly(FRAME_LENGTH.unpack(head)[0])
        except OSError:
            return None

    def close(self) -> None:
        """The other side hears the end, and so does whoever waits here."""
        with suppress(OSError):  # it may be the other side that ended
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _exactly(self, count: int) -> bytes | None:
        content = bytearray()
        while len(content) < count:
            piece = self._socket.recv(count - len(content))
            if not piece:
                return None
            content += piece
        return bytes(content)


class Child:
    """A Python process with socket pairs to it. It is out of reach of Ctrl-C: that is Locust's."""

    def __init__(self, module: str, lines: int) -> None:
        pairs = [socket.socketpair() for _ in range(lines)]
        self.lines = [Line(ours) for ours, _ in pairs]
        self._process = _started(module, [theirs for _, theirs in pairs])

    def end(self) -> int:
        """Close all lines, and wait until it has ended; its exit code."""
        for line in self.lines:
            line.close()
        try:
            return self._process.wait(END_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()


def _started(module: str, theirs: Sequence[socket.socket]) -> "subprocess.Popen[bytes]":
    fds = [each.fileno() for each in theirs]
    try:
        return subprocess.Popen(
            [sys.executable, "-m", module, *map(str, fds)],
            pass_fds=fds,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    finally:
        for each in theirs:
            each.close()
