"""Random bytes and random mutations of legal commands: always an answer or a legal close."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .client import Client, Frame
from .commands import legal
from .conftest import Scene
from .shapes import Message
from .stage import Stage
from .test_abuse import outcome

EXAMPLES = 80
LEGAL = 13
"""How many commands `legal` has; they need a show, which is not there when a test is collected."""
DROPPED = "(dropped)"
FIELDS = (
    *("type", "id", "room", "text", "count", "gift", "key", "lines", "total_minor", "currency"),
    *("made_at_ms", "offer", "action", "user", "comment", "seconds", "since", "token", "x"),
)
TYPES = ("hello", "join", "leave", "comment", "like", "gift", "order", "pin", "unpin", "start")
EXTREMES = (0, -1, 2**31, 2**50, 2**50 + 1, 2**53, 2**63 - 1, 2**63, 2**64 - 1, -(2**63))

fuzzing = settings(
    max_examples=EXAMPLES,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
scalars = (
    st.none()
    | st.booleans()
    | st.sampled_from(EXTREMES)
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(TYPES)
    | st.text(max_size=80)
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
maps = st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=8), values, max_size=8)
commands = st.integers(0, LEGAL - 1)
mutations = st.lists(
    st.tuples(st.sampled_from(FIELDS), st.just(DROPPED) | values), min_size=1, max_size=3
)


class Fuzzed:
    """A host's connection that is opened again when what it sent has closed it."""

    def __init__(self, stage: Stage, scene: Scene) -> None:
        self.scene = scene
        self.format = stage.format
        self._stage = stage
        self._client: Client | None = None

    async def send(self, frame: Frame) -> None:
        """Send it; fails unless it is answered once, or closes with a code for it."""
        client = self._client
        if client is None or not client.is_open:
            show = self.scene.show
            self._client = client = await self._stage.member(show, show.host.user, "host")
            client.last_id = 2**40  # no answer to what we send is taken for one to a ping
        answer = await outcome(client, frame)
        assert isinstance(answer, int) or answer.get("code") != "internal", answer


@pytest.fixture
async def fuzzed(stage: Stage, scene: Scene) -> Fuzzed:
    await stage.fund(scene.show.host.user, "COIN", 10**6)
    await stage.fund(scene.show.host.user, "CNY", 10**6)
    return Fuzzed(stage, scene)


@fuzzing
@given(noise=st.binary(max_size=300))
async def test_random_bytes_are_answered_or_close_4400(fuzzed: Fuzzed, noise: bytes) -> None:
    await fuzzed.send(noise)


@fuzzing
@given(noise=st.text(max_size=300))
async def test_random_text_is_answered_or_closes_4400(fuzzed: Fuzzed, noise: str) -> None:
    await fuzzed.send(noise)


@fuzzing
@given(message=maps)
async def test_random_map_is_answered_or_closes_4400(fuzzed: Fuzzed, message: Message) -> None:
    await fuzzed.send(fuzzed.format.pack(message))


@fuzzing
@given(
    which=commands,
    cut=st.integers(0, 400),
    flips=st.lists(st.integers(0, 255), max_size=3),
)
async def test_bent_frame_of_a_legal_command_is_answered_or_closes_4400(
    fuzzed: Fuzzed, which: int, cut: int, flips: list[int]
) -> None:
    frame = fuzzed.format.pack(legal(fuzzed.scene.show)[which] | {"id": 1})
    raw = bytearray(frame.encode() if isinstance(frame, str) else frame)
    for number, flip in enumerate(flips):
        raw[(cut + 7 * number) % len(raw)] ^= flip
    bent = bytes(raw if flips else raw[:cut])
    await fuzzed.send(bent.decode(errors="replace") if isinstance(frame, str) else bent)


@fuzzing
@given(which=commands, changes=mutations)
async def test_mutation_of_a_legal_command_is_answered_or_closes_4400(
    fuzzed: Fuzzed, which: int, changes: list[tuple[str, Any]]
) -> None:
    messages = legal(fuzzed.scene.show)
    assert len(messages) == LEGAL
    message = messages[which] | {"id": 1}
    for name, value in changes:
        if value == DROPPED:
            message.pop(name, None)
        else:
            message[name] = value
    await fuzzed.send(fuzzed.format.pack(message))


@fuzzing
@given(token=st.text(max_size=300) | values)
async def test_random_token_is_refused(stage: Stage, token: object) -> None:
    client = await stage.open()
    answer = await client.start("hello", token=token)
    if token is None:
        await client.until(answer.done)
        assert answer.result()["type"] == "welcome"
    else:
        assert await client.closed() in (4401, 4400)
    await client.close()
    stage.clients.remove(client)
