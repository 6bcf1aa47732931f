"""Comments and likes: what may be said, and who sees it."""

from collections.abc import Sequence
from functools import partial

import pytest

from .client import Client
from .conftest import StageOf
from .shapes import Message
from .stage import Show, Stage, fresh

STRICT = {"comments_per_s": 1, "comments_burst": 3, "blocked_words": ["scam"], "workers": 1}
ODD_TEXTS = (
    "a",
    "x" * 200,
    "\U0001f351" * 200,
    "שלום \u202e abc",
    "e\u0301" * 100,
    "<script>alert('1')</script>&amp;",
    "%s %n {0} ${x} \\u0000",
    "\ufffe\uffff",
    "one\ntwo\r\nthree\ttabbed",
    "one\u2028two\u2029three",
)


async def test_comment_is_seen_by_members_on_both_workers_and_by_its_author(stage: Stage) -> None:
    show = await stage.show()
    author = await stage.member(show)
    other = await stage.member_beside(show, author)
    said = await author.do("comment", room=show.room, text="so sweet!")
    for client in (author, other, show.host):
        item = await client.heard(show.room, "comment", comment=said["comment"])
        assert (item["text"], item["user"]["id"]) == ("so sweet!", author.user)


async def test_comments_have_ids_of_their_own(stage: Stage) -> None:
    show = await stage.show()
    author = await stage.member(show)
    other = await stage.member_beside(show, author)
    told = [
        (await client.do("comment", room=show.room, text="twice"))["comment"]
        for client in (author, other, author, other)
    ]
    assert len(set(told)) == 4


async def test_comment_is_trimmed_and_otherwise_untouched(stage: Stage) -> None:
    show = await stage.show()
    author = await stage.member(show)
    padded = {
        "  peach \n": "peach",
        "\u3000peach\u00a0": "peach",
        " " * 50 + "y" * 200 + " " * 50: "y" * 200,
    }
    for text, seen in (padded | {text: text for text in ODD_TEXTS}).items():
        said = await author.do("comment", room=show.room, text=text)
        item = await show.host.heard(show.room, "comment", comment=said["comment"])
        assert item["text"] == seen


async def test_comment_that_is_no_text_of_1_to_200_characters_is_invalid(stage: Stage) -> None:
    show = await stage.show()
    author = await stage.member(show)
    too_short = ("", "   ", "\n\t\u3000")
    for text in (*too_short, "x" * 201, "\U0001f351" * 201, 5, None, True, ["a"], {"a": "b"}, 1.5):
        assert await author.refusal("comment", room=show.room, text=text) == "invalid", text


@pytest.mark.parametrize("type", ["comment", "like", "gift", "order"])
async def test_what_needs_a_show_is_not_live_before_and_after_it(stage: Stage, type: str) -> None:
    show = await stage.show(live=False)
    client = await stage.member(show)
    await stage.fund(client.user, "CNY", 10_000)
    await stage.fund(client.user, "COIN", 10_000)
    by_type: dict[str, Message] = {
        "comment": {"text": "hello"},
        "like": {"count": 1},
        "gift": {"gift": "rose", "key": fresh("c"), "count": 1},
        "order": {
            "key": fresh("o"),
            "lines": [{"offer": show.offer, "quantity": 1}],
            "total_minor": 2990,
            "currency": "CNY",
        },
    }
    fields = by_type[type]
    assert await client.refusal(type, room=show.room, **fields) == "not_live"
    await show.host.do("start", room=show.room)
    await show.host.do("end", room=show.room)
    await client.heard(show.room, "ended")
    if "key" in fields:
        fields["key"] = fresh("again")
    assert await client.refusal(type, room=show.room, **fields) == "not_live"


@pytest.mark.parametrize(
    ("type", "fields"), [("comment", {"text": "hello"}), ("like", {"count": 1})]
)
async def test_room_one_has_not_joined_is_not_found(
    stage: Stage, type: str, fields: Message
) -> None:
    show = await stage.show()
    client = await stage.enter()
    assert await client.refusal(type, room=show.room, **fields) == "not_found"


def likes(client: Client, show: Show) -> list[Message]:
    return [item for item in client.rooms[show.room].waterfall if item["type"] == "like"]


def has_likes(client: Client, show: Show, count: int) -> bool:
    heard: int = sum(like["count"] for like in likes(client, show))
    return heard == count


async def test_likes_of_both_workers_add_up_to_one_total(stage: Stage) -> None:
    show = await stage.show()
    one = await stage.member(show)
    other = await stage.member_beside(show, one)
    for count in (12, 1, 100):
        await one.do("like", room=show.room, count=count)
        await other.do("like", room=show.room, count=count)
    for client in (one, other):
        await client.heard(show.room, "like", total=226)
        await client.until(partial(has_likes, client, show, 226))
        totals = [like["total"] for like in likes(client, show)]
        assert totals == sorted(totals)
    assert (await one.join(show.room))["state"]["likes"] == 226


async def test_likes_are_folded_into_one_item_a_batch(stage: Stage) -> None:
    show = await stage.show()
    client = await stage.member(show)
    for _ in range(49):
        await client.start("like", room=show.room, count=2)
    await client.do("like", room=show.room, count=2)
    await client.heard(show.room, "like", total=100)
    likes = [item for item in client.rooms[show.room].waterfall if item["type"] == "like"]
    assert len(likes) < 50
    assert sum(item["count"] for item in likes) == 100


async def test_like_count_other_than_1_to_100_is_invalid(stage: Stage) -> None:
    show = await stage.show()
    client = await stage.member(show)
    for count in (0, 101, -1, 2**63, 1.0, 1.5, True, "1", None):
        assert await client.refusal("like", room=show.room, count=count) == "invalid", count


async def test_comments_faster_than_allowed_are_rate_limited_and_the_connection_stays(
    stage_of: StageOf,
) -> None:
    stage = await stage_of(**STRICT)
    show = await stage.show()
    client = await stage.member(show)
    for number in range(3):
        await client.do("comment", room=show.room, text=f"{number}")
    error = await client.refused("comment", room=show.room, text="4")
    assert error["code"] == "rate_limited"
    assert 0 < error["retry_after_ms"] <= 1000
    await client.do("ping")


async def test_blocked_word_keeps_a_comment_from_being_shown(stage_of: StageOf) -> None:
    stage = await stage_of(**STRICT)
    show = await stage.show()
    client = await stage.member(show)
    await client.ask("comment", room=show.room, text="a SCAM!")
    await client.do("comment", room=show.room, text="a peach")
    await show.host.heard(show.room, "comment", text="a peach")
    assert show.host.rooms[show.room].comments() == ["a peach"]


async def test_blocked_word_keeps_a_notice_from_being_shown(stage_of: StageOf) -> None:
    stage = await stage_of(**STRICT)
    show = await stage.show()
    assert await show.host.refusal("notice", room=show.room, text="no SCAM") == "forbidden"
    await show.host.do("notice", room=show.room, text="no tricks")


async def test_comments_over_what_a_batch_carries_are_shed_and_counted(stage_of: StageOf) -> None:
    stage = await stage_of(
        waterfall_items_max=5, flush_window_ms=500, flush_window_max_ms=500, workers=1
    )
    show = await stage.show()
    client = await stage.member(show)
    answers = [
        await client.start("comment", room=show.room, text=f"{number}") for number in range(40)
    ]
    await client.until(answers[-1].done)
    place = show.host.rooms[show.room]
    await show.host.until(lambda: len(place.comments()) + place.shed == 40)
    assert place.shed > 0


async def test_author_sees_each_of_its_comments_though_others_are_shown_a_sample(
    stage_of: StageOf,
) -> None:
    stage = await stage_of(waterfall_comments_per_s=4, workers=1)
    show = await stage.show()
    author, quiet = await stage.member(show), await stage.member(show)
    answers = [
        await author.start("comment", room=show.room, text=f"{number}") for number in range(40)
    ]
    await quiet.do("comment", room=show.room, text="quiet")
    await author.until(answers[-1].done)
    mine, theirs = author.rooms[show.room], show.host.rooms[show.room]
    for place, client in ((mine, author), (theirs, show.host)):
        await client.until(lambda place=place: len(place.comments()) + place.shed == 41)  # type: ignore[misc]
    assert {f"{number}" for number in range(40)} <= set(mine.comments())
    assert "quiet" in theirs.comments()
    assert theirs.shed > 20


async def refusals(clients: Sequence[Client], type: str, **fields: object) -> list[Message]:
    """What is refused of so many commands, of one client after the other."""
    answers = [await client.ask(type, **fields) for client in clients]
    refused = [answer for answer in answers if answer["type"] == "error"]
    assert {error["code"] for error in refused} <= {"rate_limited"}
    assert all(error["retry_after_ms"] > 0 for error in refused)
    return refused


async def test_a_users_comments_are_one_budget_over_all_its_connections(stage_of: StageOf) -> None:
    stage = await stage_of(workers=1, user_comments_per_s=1, user_comments_burst=4)
    show = await stage.show()
    user = fresh("twin")
    twins = [await stage.member(show, user) for _ in range(2)]
    assert await refusals(twins * 8, "comment", room=show.room, text="again")
    other = await stage.member(show)
    await other.do("comment", room=show.room, text="and I?")


async def test_a_users_commands_are_one_budget_and_going_over_it_closes_nothing(
    stage_of: StageOf,
) -> None:
    stage = await stage_of(workers=1, user_commands_per_s=1, user_commands_burst=10)
    show = await stage.show()
    user = fresh("twin")
    twins = [await stage.member(show, user) for _ in range(2)]
    assert await refusals(twins * 12, "ping")
    assert all(twin.is_open for twin in twins)
    await (await stage.member(show)).do("ping")


async def test_a_rooms_comments_are_one_budget_and_other_rooms_have_their_own(
    stage_of: StageOf,
) -> None:
    stage = await stage_of(workers=1, room_comments_per_s=2)
    show, quiet = await stage.show(), await stage.show()
    many = [await stage.member(show) for _ in range(3)]
    assert await refusals(many * 5, "comment", room=show.room, text="me too")
    await (await stage.member(quiet)).do("comment", room=quiet.room, text="peace")
