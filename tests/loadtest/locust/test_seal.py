"""What master and workers tell each other is read only when it was sealed for the reader."""

import pytest

from loadtest.locust.seal import BadSeal, Seal


def seal(secret: str = "s3cret", worker: str = "host_1", direction: str = "down") -> Seal:
    return Seal(secret, "test-1", worker, direction)


def test_messages_are_opened_as_they_were_sealed() -> None:
    ours, theirs = seal(), seal()
    for content in (b"one", b"", b"three"):
        assert theirs.opened(ours.sealed(content)) == content


@pytest.mark.parametrize(
    "other",
    [seal("another"), seal(worker="host_2"), seal(direction="up")],
    ids=["another secret", "another worker", "another direction"],
)
def test_a_message_for_somebody_else_is_not_opened(other: Seal) -> None:
    with pytest.raises(BadSeal):
        other.opened(seal().sealed(b"one"))


def test_a_message_that_was_changed_is_not_opened() -> None:
    with pytest.raises(BadSeal):
        seal().opened(seal().sealed(b"one")[:-1] + b"!")


def test_a_message_is_opened_once_only() -> None:
    ours, theirs = seal(), seal()
    message = ours.sealed(b"one")
    theirs.opened(message)
    with pytest.raises(BadSeal):
        theirs.opened(message)


def test_a_message_that_is_too_short_for_a_seal_is_not_opened() -> None:
    with pytest.raises(BadSeal):
        seal().opened(b"short")
