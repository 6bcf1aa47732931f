"""The room's host: starting, ending and pinning, and who may not."""

import pytest

from .shapes import Message
from .stage import Show, Stage, fresh

PINS_MAX = 20


async def test_started_show_is_told_and_live(stage: Stage) -> None:
    show = await stage.show(live=False)
    viewer = await stage.member_beside(show, show.host)
    await show.host.do("start", room=show.room)
    await viewer.heard(show.room, "started")
    assert (await viewer.join(show.room))["state"]["status"] == "live"


async def test_starting_what_is_live_is_ok_and_changes_nothing(stage: Stage) -> None:
    show = await stage.show()
    before = (await show.host.join(show.room))["state"]
    await show.host.do("start", room=show.room)
    again = await show.host.join(show.room)
    assert again["state"]["started_at_ms"] == before["started_at_ms"]
    await show.host.do("pin", room=show.room, offer=show.offer)
    await show.host.heard(show.room, "pinned", seq=again["seq"] + 1)


async def test_ended_show_is_told_and_may_be_started_again(stage: Stage) -> None:
    show = await stage.show()
    viewer = await stage.member_beside(show, show.host)
    await show.host.do("end", room=show.room)
    await viewer.heard(show.room, "ended")
    assert (await viewer.join(show.room))["state"]["status"] == "ended"
    await show.host.do("start", room=show.room)
    await viewer.heard(show.room, "started")
    assert (await viewer.join(show.room))["state"]["status"] == "live"
    await viewer.do("comment", room=show.room, text="welcome back")


async def test_ending_what_is_not_live_is_not_live(stage: Stage) -> None:
    show = await stage.show(live=False)
    assert await show.host.refusal("end", room=show.room) == "not_live"
    await show.host.do("start", room=show.room)
    await show.host.do("end", room=show.room)
    assert await show.host.refusal("end", room=show.room) == "not_live"


async def test_pinned_offer_is_told_as_it_stands_and_is_in_the_state(stage: Stage) -> None:
    show = await stage.show(stock=57, limit_per_buyer=2)
    viewer = await stage.member_beside(show, show.host)
    await show.host.do("pin", room=show.room, offer=show.offer)
    event = await viewer.heard(show.room, "pinned")
    offer = {
        "offer": show.offer,
        "title": "A box of peaches",
        "price_minor": 2990,
        "currency": "CNY",
        "stock": 57,
        "limit_per_buyer": 2,
        "pieces": 57,
    }
    assert {name: event[name] for name in offer} == offer
    assert (await viewer.join(show.room))["state"]["pinned"] == [offer]


async def test_unpinned_offer_is_told_and_leaves_the_state(stage: Stage) -> None:
    show = await stage.show()
    viewer = await stage.member_beside(show, show.host)
    await show.host.do("pin", room=show.room, offer=show.offer)
    await show.host.do("unpin", room=show.room, offer=show.offer)
    await viewer.heard(show.room, "unpinned", offer=show.offer)
    assert (await viewer.join(show.room))["state"]["pinned"] == []


async def test_pinning_what_is_pinned_is_ok_and_changes_nothing(stage: Stage) -> None:
    show = await stage.show()
    other = await stage.offer(show.room, show.token)
    await show.host.do("pin", room=show.room, offer=show.offer)
    await show.host.do("pin", room=show.room, offer=show.offer)
    await show.host.do("pin", room=show.room, offer=other)
    await show.host.heard(show.room, "pinned", offer=other)
    events = [e["offer"] for e in show.host.rooms[show.room].events if e["type"] == "pinned"]
    assert events == [show.offer, other]
    pinned = (await show.host.join(show.room))["state"]["pinned"]
    assert sorted(each["offer"] for each in pinned) == sorted([show.offer, other])


async def test_ended_show_has_no_pins(stage: Stage) -> None:
    show = await stage.show()
    await show.host.do("pin", room=show.room, offer=show.offer)
    await show.host.do("end", room=show.room)
    await show.host.heard(show.room, "ended")
    assert (await show.host.join(show.room))["state"]["pinned"] == []
    await show.host.do("start", room=show.room)
    await show.host.heard(show.room, "started")
    assert (await show.host.join(show.room))["state"]["pinned"] == []


async def test_room_has_20_pins_and_no_21st(stage: Stage) -> None:
    show = await stage.show()
    offers = [await stage.offer(show.room, show.token) for _ in range(PINS_MAX + 1)]
    for offer in offers[:-1]:
        await show.host.do("pin", room=show.room, offer=offer)
    assert await show.host.refusal("pin", room=show.room, offer=offers[-1]) == "limit_exceeded"
    await show.host.do("unpin", room=show.room, offer=offers[0])
    await show.host.do("pin", room=show.room, offer=offers[-1])


async def test_pinning_what_is_not_on_sale_here_is_not_found(stage: Stage) -> None:
    show, elsewhere = await stage.show(), await stage.show()
    assert await show.host.refusal("pin", room=show.room, offer=fresh("none")) == "not_found"
    assert await show.host.refusal("pin", room=show.room, offer=elsewhere.offer) == "not_found"


async def test_new_offer_is_told_as_stock(stage: Stage) -> None:
    show = await stage.show()
    offer = await stage.offer(show.room, show.token, stock=5)
    event = await show.host.heard(show.room, "stock", offer=offer)
    assert (event["stock"], event["limit_per_buyer"]) == (5, None)


def of_the_host(show: Show) -> list[Message]:
    room = {"room": show.room}
    return [
        {"type": "start", **room},
        {"type": "end", **room},
        {"type": "pin", **room, "offer": show.offer},
        {"type": "unpin", **room, "offer": show.offer},
    ]


def of_moderators_too(show: Show) -> list[Message]:
    moderate = {"type": "moderate", "room": show.room}
    return [
        {**moderate, "action": "slow_mode", "seconds": 5},
        {**moderate, "action": "followers_only"},
        {**moderate, "action": "mute", "user": "somebody"},
        {**moderate, "action": "unmute", "user": "somebody"},
        {**moderate, "action": "ban", "user": "somebody"},
        {**moderate, "action": "unban", "user": "somebody"},
        {**moderate, "action": "remove", "comment": "w0-1"},
    ]


@pytest.mark.parametrize("role", ["viewer", "host", "ops"])
async def test_what_is_the_hosts_is_forbidden_to_others(stage: Stage, role: str) -> None:
    show = await stage.show()
    other = await stage.member(show, fresh("other"), role)
    for command in of_the_host(show) + of_moderators_too(show):
        assert await other.refusal(**command) == "forbidden", command


async def test_moderator_may_moderate_any_room_and_nothing_else(stage: Stage) -> None:
    show = await stage.show()
    moderator = await stage.member(show, fresh("mod"), "moderator")
    for command in of_the_host(show):
        assert await moderator.refusal(**command) == "forbidden", command
    for command in of_moderators_too(show)[:-1]:
        await moderator.do(**command)


async def test_command_to_a_room_that_does_not_exist_is_not_found(stage: Stage) -> None:
    show = await stage.show()
    host = await stage.enter(show.host.user, "host", "moderator")
    for command in of_the_host(show) + of_moderators_too(show):
        refusal = await host.refusal(**command | {"room": fresh("nowhere")})
        assert refusal == "not_found", command
