"""The token bucket: what it lets through, and how long it says to wait."""

from hypothesis import given
from hypothesis import strategies as st

from livesrv.limits import TokenBucket


def test_a_burst_passes_at_once_and_the_next_waits_for_one_token() -> None:
    bucket = TokenBucket(per_s=1, burst=3, now_ms=0)
    assert [bucket.take(0) for _ in range(4)] == [0, 0, 0, 1000]


@given(st.integers(1, 500), st.integers(1, 50), st.integers(0, 5000))
def test_who_waits_as_told_gets_through(per_s: int, burst: int, at_ms: int) -> None:
    bucket = TokenBucket(per_s, burst, now_ms=0)
    while not (wait_ms := bucket.take(at_ms)):
        continue
    assert bucket.take(at_ms + wait_ms + 1) == 0


@given(st.integers(1, 500), st.integers(1, 50), st.lists(st.integers(0, 200), max_size=200))
def test_no_more_than_the_burst_and_the_rate_get_through(
    per_s: int, burst: int, pauses_ms: list[int]
) -> None:
    bucket, now_ms, taken = TokenBucket(per_s, burst, now_ms=0), 0, 0
    for pause_ms in pauses_ms:
        now_ms += pause_ms
        taken += bucket.take(now_ms) == 0
    assert taken <= burst + per_s * now_ms / 1000 + 1e-6
