"""Moderation: every action, who may do it, and what it does on both workers."""

import time

import pytest

from tests.waiting import until

from .client import Client
from .shapes import Message
from .stage import Show, Stage, fresh

NO_ACTIONS: list[Message] = [
    {},
    {"action": "explode"},
    {"action": "mute"},
    {"action": "unmute"},
    {"action": "ban"},
    {"action": "unban"},
    {"action": "remove"},
    {"action": "slow_mode"},
    {"action": "slow_mode", "seconds": -1},
    {"action": "slow_mode", "seconds": 1.5},
    {"action": "slow_mode", "seconds": 2**63},
    {"action": "mute", "user": "x", "seconds": -1},
    {"action": "mute", "user": "x", "seconds": True},
    {"action": "mute", "user": "x", "seconds": 2**64 - 1},
    {"action": "mute", "user": "x\n"},
    {"action": "ban", "user": "x" * 65},
    {"action": "ban", "user": ""},
    {"action": "remove", "comment": 7},
]


async def moderate(client: Client, show: Show, action: str, **fields: object) -> None:
    await client.do("moderate", room=show.room, action=action, **fields)


async def comment(client: Client, show: Show, text: str = "peach") -> str:
    """Say something; "ok", or the code of the refusal."""
    answer = await client.ask("comment", room=show.room, text=text)
    return str(answer.get("code", answer["type"]))


@pytest.mark.parametrize("who", ["host", "moderator"])
async def test_muted_user_may_not_comment_until_unmuted(stage: Stage, who: str) -> None:
    show = await stage.show()
    by = show.host if who == "host" else await stage.member(show, fresh("mod"), "moderator")
    loud = await stage.member_beside(show, by)
    await moderate(by, show, "mute", user=loud.user)
    event = await loud.heard(show.room, "muted")
    assert (event["user"], event["until_ms"]) == (loud.user, None)
    assert await comment(loud, show) == "muted"
    await moderate(by, show, "unmute", user=loud.user)
    assert (await loud.heard(show.room, "unmuted"))["user"] == loud.user
    assert await comment(loud, show) == "ok"


async def test_mute_holds_on_every_connection_and_in_this_room_only(stage: Stage) -> None:
    show, elsewhere = await stage.show(), await stage.show()
    loud = await stage.member(show)
    also_loud = await stage.member_beside(show, loud, loud.user)
    await also_loud.join(elsewhere.room)
    await moderate(show.host, show, "mute", user=loud.user)
    for client in (loud, also_loud):
        await client.heard(show.room, "muted")
        assert await comment(client, show) == "muted"
    assert await comment(also_loud, elsewhere) == "ok"
    assert await comment(await stage.member(show), show) == "ok"


async def test_mute_ends_after_its_seconds(stage: Stage) -> None:
    show = await stage.show()
    loud = await stage.member(show)
    await moderate(show.host, show, "mute", user=loud.user, seconds=1)
    event = await loud.heard(show.room, "muted")
    assert 0 < event["until_ms"] - event["at_ms"] <= 1000
    assert await comment(loud, show) == "muted"
    await until(lambda: time.time() * 1000 > event["until_ms"])
    assert await comment(loud, show) == "ok"


async def test_mute_without_seconds_ends_with_the_show(stage: Stage) -> None:
    show = await stage.show()
    loud = await stage.member(show)
    await moderate(show.host, show, "mute", user=loud.user)
    await show.host.do("end", room=show.room)
    await show.host.do("start", room=show.room)
    await loud.heard(show.room, "ended")
    await loud.until(
        lambda: [e["type"] for e in loud.rooms[show.room].events].count("started") == 1
    )
    assert await comment(loud, show) == "ok"


async def test_banned_user_is_closed_with_4403_on_both_workers_and_may_not_join(
    stage: Stage,
) -> None:
    show = await stage.show()
    rude = await stage.member(show)
    also_rude = await stage.member_beside(show, rude, rude.user)
    await moderate(show.host, show, "ban", user=rude.user)
    for client in (rude, also_rude):
        assert await client.closed() == 4403
    event = await show.host.heard(show.room, "banned")
    assert (event["user"], event["until_ms"]) == (rude.user, None)
    back = await stage.enter(rude.user)
    beside = await stage.enter_beside(back, rude.user)
    for client in (back, beside):
        assert await client.refusal("join", room=show.room) == "banned"
    await moderate(show.host, show, "unban", user=rude.user)
    assert (await show.host.heard(show.room, "unbanned"))["user"] == rude.user
    await back.join(show.room)


async def test_ban_leaves_connections_that_are_not_in_the_room(stage: Stage) -> None:
    show, elsewhere = await stage.show(), await stage.show()
    rude = await stage.member(elsewhere)
    await moderate(show.host, show, "ban", user=rude.user)
    await show.host.heard(show.room, "banned")
    assert await comment(rude, elsewhere) == "ok"
    assert await rude.refusal("join", room=show.room) == "banned"


async def test_ban_ends_after_its_seconds(stage: Stage) -> None:
    show = await stage.show()
    rude = await stage.member(show)
    await moderate(show.host, show, "ban", user=rude.user, seconds=1)
    assert await rude.closed() == 4403
    event = await show.host.heard(show.room, "banned")
    assert 0 < event["until_ms"] - event["at_ms"] <= 1000
    back = await stage.enter(rude.user)
    assert await back.refusal("join", room=show.room) == "banned"
    await until(lambda: time.time() * 1000 > event["until_ms"])
    await back.join(show.room)


async def test_ban_without_seconds_outlives_the_show(stage: Stage) -> None:
    show = await stage.show()
    rude = await stage.member(show)
    await moderate(show.host, show, "ban", user=rude.user)
    await show.host.do("end", room=show.room)
    await show.host.do("start", room=show.room)
    back = await stage.enter(rude.user)
    assert await back.refusal("join", room=show.room) == "banned"


@pytest.mark.parametrize("type", ["gift", "order"])
async def test_banned_user_may_not_buy_in_the_room(stage: Stage, type: str) -> None:
    show = await stage.show()
    rude = await stage.member(show)
    await stage.fund(rude.user, "COIN", 100)
    await stage.fund(rude.user, "CNY", 10_000)
    await moderate(show.host, show, "ban", user=rude.user)
    assert await rude.closed() == 4403
    back = await stage.enter(rude.user)
    fields = {
        "gift": {"gift": "rose", "key": fresh("c"), "count": 1},
        "order": {
            "key": fresh("o"),
            "lines": [{"offer": show.offer, "quantity": 1}],
            "total_minor": 2990,
            "currency": "CNY",
        },
    }[type]
    assert await back.refusal(type, room=show.room, **fields) in ("banned", "not_found")


async def test_removed_comment_is_told_and_leaves_the_state(stage: Stage) -> None:
    show = await stage.show()
    rude = await stage.member_beside(show, show.host)
    said = await rude.do("comment", room=show.room, text="rude")
    await rude.do("comment", room=show.room, text="peach")
    await show.host.heard(show.room, "comment", text="peach")
    await moderate(show.host, show, "remove", comment=said["comment"])
    for client in (rude, show.host):
        await client.heard(show.room, "removed", comment=said["comment"])
    for client in (rude, show.host):
        state = (await client.join(show.room))["state"]
        assert [each["text"] for each in state["comments"]] == ["peach"]


async def test_slow_mode_allows_one_comment_a_user_in_its_seconds(stage: Stage) -> None:
    show = await stage.show()
    viewer = await stage.member(show)
    beside = await stage.member_beside(show, viewer)
    await moderate(show.host, show, "slow_mode", seconds=30)
    for client in (viewer, beside):
        event = await client.heard(show.room, "settings")
        assert (event["slow_mode_s"], event["followers_only"]) == (30, False)
        await client.do("comment", room=show.room, text="first")
        error = await client.refused("comment", room=show.room, text="second")
        assert error["code"] == "rate_limited"
        assert 20_000 < error["retry_after_ms"] <= 30_000
    assert (await viewer.join(show.room))["state"]["slow_mode_s"] == 30
    await moderate(show.host, show, "slow_mode", seconds=0)
    await viewer.heard(show.room, "settings", slow_mode_s=0)
    assert await comment(viewer, show) == "ok"


@pytest.mark.parametrize("where", ["same worker", "another worker"])
async def test_slow_mode_counts_a_user_and_not_a_connection(stage: Stage, where: str) -> None:
    show = await stage.show()
    await moderate(show.host, show, "slow_mode", seconds=30)
    viewer = await stage.member(show)
    other = await stage.enter_beside(viewer)
    base = other if where == "same worker" else viewer
    tablet = await stage.member_beside(show, base, viewer.user)
    assert await comment(viewer, show) == "ok"
    await tablet.heard(show.room, "comment")
    assert await comment(tablet, show) == "rate_limited"


async def test_followers_only_lets_followers_of_the_host_comment(stage: Stage) -> None:
    show = await stage.show()
    viewer = await stage.member_beside(show, show.host)
    await moderate(show.host, show, "followers_only")
    event = await viewer.heard(show.room, "settings")
    assert (event["slow_mode_s"], event["followers_only"]) == (0, True)
    assert await comment(viewer, show) == "not_eligible"
    token = stage.server.token(viewer.user)
    await stage.http.do("PUT", f"/v1/follows/{show.host.user}", token=token)
    assert await comment(viewer, show) == "ok"
    await stage.http.do("DELETE", f"/v1/follows/{show.host.user}", token=token)
    assert await comment(viewer, show) == "not_eligible"
    assert (await viewer.join(show.room))["state"]["followers_only"] is True
    await moderate(show.host, show, "followers_only", seconds=0)
    await viewer.heard(show.room, "settings", followers_only=False)
    assert await comment(viewer, show) == "ok"


async def test_host_may_comment_under_any_setting(stage: Stage) -> None:
    show = await stage.show()
    await moderate(show.host, show, "followers_only")
    await show.host.heard(show.room, "settings")
    assert await comment(show.host, show) == "ok"


async def test_settings_hold_for_members_that_come_later(stage: Stage) -> None:
    show = await stage.show()
    beside = await stage.member_beside(show, show.host)
    await moderate(show.host, show, "followers_only")
    await moderate(show.host, show, "slow_mode", seconds=60)
    for client in (show.host, beside):
        await client.heard(show.room, "settings", slow_mode_s=60)
    later = await stage.member_beside(show, show.host)
    state = (await later.join(show.room))["state"]
    assert (state["slow_mode_s"], state["followers_only"]) == (60, True)
    assert await comment(later, show) == "not_eligible"


async def test_action_without_what_it_needs_is_invalid(stage: Stage) -> None:
    show = await stage.show()
    for fields in NO_ACTIONS:
        refusal = await show.host.refusal("moderate", room=show.room, **fields)
        assert refusal == "invalid", fields
