"""The comments of a row: what each says, and when it was written to its sender's socket. Pure.

Invariant: a comment's text follows from its number, so that one that was altered on the way is
recognised by its text alone.
"""

from array import array
from collections import Counter


class Script:
    """Numbers comments from 0. `run` tells our comments from everybody else's."""

    def __init__(self, run: str, *, text_bytes: int = 40) -> None:
        self._head = f"#{run}."
        self._text_bytes = text_bytes
        self.sent_ns: array[int] = array("q")
        self.authors: array[int] = array("l")
        self.accepted = 0
        self.refused: Counter[str] = Counter()

    @property
    def sent(self) -> int:
        return len(self.sent_ns)

    @property
    def unanswered(self) -> int:
        return self.sent - self.accepted - self.refused.total()

    def write(self, author: int, now_ns: int) -> int:
        """The number of the next comment, sent at `now_ns`."""
        self.sent_ns.append(now_ns)
        self.authors.append(author)
        return len(self.sent_ns) - 1

    def text(self, number: int) -> str:
        return f"{self._head}{number} ".ljust(self._text_bytes, "x")

    def number(self, text: str) -> int | None:
        """Which of our comments this is; None for somebody else's. Raises `ValueError`."""
        if not text.startswith(self._head):
            return None
        number = int(text[len(self._head) :].split(" ", 1)[0])
        if not 0 <= number < len(self.sent_ns) or text != self.text(number):
            raise ValueError(f"a comment was altered on its way: {text[:60]!r}")
        return number

    def numbers(self, message: dict[str, object]) -> tuple[int, ...]:
        """Our comments in a decoded batch, in order. Raises `ValueError`."""
        waterfall: list[dict[str, str]] = message["waterfall"]  # type: ignore[assignment]
        texts = [item["text"] for item in waterfall if item["type"] == "comment"]
        found = [self.number(text) for text in texts]
        return tuple(number for number in found if number is not None)
