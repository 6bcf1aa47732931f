"""Join, leave and coming back: where a member is in the reliable lane, and what it is told."""

import asyncio

import pytest

from .client import Client
from .conftest import StageOf
from .stage import Show, Stage, fresh, order_of

ROOMS_MAX = 20


async def test_join_gives_the_state_of_the_room(stage: Stage) -> None:
    show = await stage.show()
    joined = await (await stage.enter()).join(show.room)
    assert joined["recovered"] is False
    state = joined["state"]
    assert (state["room"], state["title"], state["status"]) == (show.room, "A show", "live")
    assert state["host"]["id"] == show.host.user
    assert state["host"]["badges"] == ["host"]
    assert (state["slow_mode_s"], state["followers_only"]) == (0, False)
    assert (state["pinned"], state["top_gifters"], state["comments"]) == ([], [], [])
    assert state["started_at_ms"] > 0


async def test_state_is_the_same_as_over_http(stage: Stage) -> None:
    show = await stage.show()
    await show.host.do("pin", room=show.room, offer=show.offer)
    joined = await show.host.join(show.room)
    over_http = await stage.http.get(f"/v1/rooms/{show.room}")
    assert joined["state"] | {"viewers": 0} == over_http | {"viewers": 0}


async def test_room_that_was_not_started_is_created(stage: Stage) -> None:
    show = await stage.show(live=False)
    state = (await (await stage.enter()).join(show.room))["state"]
    assert (state["status"], state["started_at_ms"]) == ("created", None)


async def test_state_has_what_happened_before(stage: Stage) -> None:
    show = await stage.show()
    bo = await stage.member(show, fresh("bo"))
    await stage.fund(bo.user, "COIN", 100)
    await bo.do("gift", room=show.room, gift="rose", key=fresh("c"), count=5)
    await bo.do("comment", room=show.room, text="so sweet!")
    await bo.do("like", room=show.room, count=12)
    await show.host.do("pin", room=show.room, offer=show.offer)
    await show.host.heard(show.room, "gift")
    await show.host.heard(show.room, "pinned")
    await show.host.heard(show.room, "comment")
    await show.host.heard(show.room, "like", total=12)

    state = (await show.host.join(show.room))["state"]
    assert state["likes"] == 12
    assert [(each["user"]["id"], each["coins"]) for each in state["top_gifters"]] == [(bo.user, 5)]
    assert [each["text"] for each in state["comments"]] == ["so sweet!"]
    assert [each["offer"] for each in state["pinned"]] == [show.offer]


async def test_state_and_the_events_behind_it_leave_nothing_out(stage: Stage) -> None:
    show = await stage.show()
    for _ in range(10):
        await show.host.do("pin", room=show.room, offer=show.offer)
        client = await stage.enter_beside(show.host)
        joined = await client.join(show.room)
        if not joined["state"]["pinned"]:  # the other worker has not heard of it yet
            await client.heard(show.room, "pinned")
        await show.host.do("unpin", room=show.room, offer=show.offer)
        await client.heard(show.room, "unpinned")
        await client.close()


async def test_members_on_both_workers_see_one_room(stage: Stage) -> None:
    show = await stage.show()
    one = await stage.member(show)
    other = await stage.member_beside(show, one)
    assert one.rooms[show.room].epoch == other.rooms[show.room].epoch
    for speaker in (one, other):
        await speaker.do("comment", room=show.room, text=f"from {speaker.worker}")
    await show.host.do("pin", room=show.room, offer=show.offer)
    await show.host.do("unpin", room=show.room, offer=show.offer)
    for listener in (one, other):
        for speaker in (one, other):
            await listener.heard(show.room, "comment", text=f"from {speaker.worker}")
        await listener.heard(show.room, "unpinned")
    assert one.rooms[show.room].events == other.rooms[show.room].events
    assert one.rooms[show.room].seq == other.rooms[show.room].seq


async def test_viewers_are_counted_over_both_workers(stage: Stage) -> None:
    show = await stage.show()
    one = await stage.member(show)
    other = await stage.member_beside(show, one)
    for listener in (one, other):
        await listener.heard(show.room, "viewers", count=3)
    await other.do("leave", room=show.room)
    await one.heard(show.room, "viewers", count=2)


async def test_member_that_left_hears_no_more(stage: Stage) -> None:
    show = await stage.show()
    client = await stage.member(show)
    await client.do("leave", room=show.room)
    await show.host.do("pin", room=show.room, offer=show.offer)
    await show.host.heard(show.room, "pinned")
    await client.do("ping")
    assert not client.breaches  # a batch of a room it is not in would be one
    code = await client.refusal("comment", room=show.room, text="still here?")
    assert code == "not_found"


@pytest.mark.parametrize("worker", ["the same worker", "another worker"])
async def test_member_that_comes_back_goes_on_where_it_was(stage: Stage, worker: str) -> None:
    show = await stage.show()
    client = await stage.member(show)
    place = client.rooms[show.room]
    await client.close()
    await toggle_pin(show, times=3)
    await show.host.until(lambda: show.host.rooms[show.room].seq == place.seq + 6)

    back = await (stage.enter_beside(client) if worker != client.worker else stage.enter())
    joined = await back.join(show.room, since={"epoch": place.epoch, "seq": place.seq})
    assert joined["recovered"] is True
    assert (joined["epoch"], joined["seq"]) == (place.epoch, place.seq)
    assert [each["offer"] for each in joined["state"]["pinned"]] == []
    await back.until(lambda: back.rooms[show.room].seq == place.seq + 6)
    types = [event["type"] for event in back.rooms[show.room].events]
    assert types == ["pinned", "unpinned"] * 3
    assert [e["seq"] for e in back.rooms[show.room].events] == [
        *range(place.seq + 1, place.seq + 7)
    ]
    await toggle_pin(show, times=1)
    await back.until(lambda: back.rooms[show.room].seq == place.seq + 8)


async def test_missed_events_come_in_one_batch_right_behind_joined(stage: Stage) -> None:
    show = await stage.show()
    host = show.host.rooms[show.room]
    began = host.seq
    await toggle_pin(show, times=2)
    await show.host.until(lambda: host.seq == began + 4)
    client = await stage.enter()
    await client.join(show.room, since={"epoch": host.epoch, "seq": began})
    await client.until(lambda: len(client.received) >= 3)
    welcome, joined, batch = client.received[:3]
    assert (welcome["type"], joined["type"]) == ("welcome", "joined")
    assert (batch["type"], batch["seq"], len(batch["events"])) == ("batch", began + 4, 4)


async def test_member_that_comes_back_to_an_open_room_is_answered_without_the_ledger(
    stage_of: StageOf,
) -> None:
    stage = await stage_of(workers=1)
    show = await stage.show()
    place = show.host.rooms[show.room]
    began = place.seq
    await toggle_pin(show, times=2)
    await show.host.until(lambda: place.seq == began + 4)
    with stage.server.paused("ledger"):
        client = await stage.enter()
        joined = await client.join(show.room, since={"epoch": place.epoch, "seq": began})
        assert (joined["recovered"], joined["seq"]) == (True, began)
        await client.until(lambda: client.rooms[show.room].seq == began + 4)


async def test_member_that_missed_nothing_recovers_with_nothing_behind(stage: Stage) -> None:
    show = await stage.show()
    place = show.host.rooms[show.room]
    client = await stage.enter()
    joined = await client.join(show.room, since={"epoch": place.epoch, "seq": place.seq})
    assert (joined["recovered"], joined["seq"]) == (True, place.seq)
    assert client.rooms[show.room].events == []


@pytest.mark.parametrize(
    "since",
    [
        {"epoch": "another", "seq": 1},
        {"epoch": "", "seq": 0},
        {"epoch": None, "seq": 2**40},
    ],
    ids=["unknown epoch", "empty epoch", "a place nobody has been at"],
)
async def test_place_that_cannot_be_told_from_is_not_recovered(
    stage: Stage, since: dict[str, object]
) -> None:
    show = await stage.show()
    place = show.host.rooms[show.room]
    since["epoch"] = place.epoch if since["epoch"] is None else since["epoch"]
    joined = await (await stage.enter()).join(show.room, since=since)
    assert (joined["recovered"], joined["epoch"], joined["seq"]) == (False, place.epoch, place.seq)


async def test_history_that_is_too_short_is_not_recovered(stage_of: StageOf) -> None:
    stage = await stage_of(history_events=4)
    show = await stage.show()
    place = show.host.rooms[show.room]
    end = place.seq + 10
    await toggle_pin(show, times=5)
    await show.host.until(lambda: place.seq == end)
    client = await stage.enter()
    lost = await client.join(show.room, since={"epoch": place.epoch, "seq": end - 5})
    assert (lost["recovered"], lost["seq"]) == (False, end)
    kept = await client.join(show.room, since={"epoch": place.epoch, "seq": end - 4})
    assert kept["recovered"] is True
    await client.until(lambda: client.rooms[show.room].seq == end)


async def test_joining_again_gives_a_fresh_state(stage: Stage) -> None:
    show = await stage.show()
    client = await stage.member(show)
    await toggle_pin(show, times=1)
    await show.host.do("pin", room=show.room, offer=show.offer)
    await client.heard(show.room, "pinned", seq=lambda seq: seq == show.host.rooms[show.room].seq)
    state = (await client.join(show.room))["state"]
    assert [offer["offer"] for offer in state["pinned"]] == [show.offer]


async def test_lane_has_no_hole_for_members_that_join_while_it_flows(stage: Stage) -> None:
    show = await stage.show()
    place = show.host.rooms[show.room]
    end = place.seq + 60
    flowing = asyncio.create_task(toggle_pin(show, times=30))
    clients: list[Client] = []
    while not flowing.done() and len(clients) < 12:
        clients.append(await stage.member(show))
    await flowing
    for client in [show.host, *clients]:
        followed = client.rooms[show.room]
        await client.until(lambda followed=followed: followed.seq == end)  # type: ignore[misc]
    assert len({client.worker for client in clients}) == 2


async def test_buyer_gets_the_sold_event_that_others_get(stage: Stage) -> None:
    show = await stage.show(stock=57)
    buyer = await stage.member(show)
    other = await stage.member_beside(show, buyer)
    await stage.fund(buyer.user, "CNY", 100_000)
    await buyer.do("order", **order_of(show, 2))
    for client in (buyer, other):
        sold = await client.heard(show.room, "sold")
        assert sold["user"]["id"] == buyer.user
        assert sold["lines"] == [{"offer": show.offer, "quantity": 2, "stock": 55}]


async def test_room_that_does_not_exist_is_not_found(stage: Stage) -> None:
    client = await stage.enter()
    assert await client.refusal("join", room=fresh("nowhere")) == "not_found"


async def test_leaving_a_room_one_is_not_in_is_not_found(stage: Stage) -> None:
    show = await stage.show()
    client = await stage.enter()
    assert await client.refusal("leave", room=show.room) == "not_found"
    assert await client.refusal("leave", room=fresh("nowhere")) == "not_found"


async def test_member_may_be_in_20_rooms_and_in_no_21st(stage: Stage) -> None:
    token, host = stage.server.token(fresh("host"), "host"), fresh("hall")
    rooms = [f"{host}-{number}" for number in range(ROOMS_MAX + 1)]
    for room in rooms:
        await stage.http.post("/v1/rooms", {"room": room, "title": room}, token=token)
    client = await stage.enter()
    for room in rooms[:ROOMS_MAX]:
        await client.join(room)
    assert await client.refusal("join", room=rooms[-1]) == "limit_exceeded"
    await client.join(rooms[0])
    await client.do("leave", room=rooms[0])
    await client.join(rooms[-1])


async def toggle_pin(show: Show, *, times: int) -> None:
    """Make two reliable events each time."""
    for _ in range(times):
        await show.host.do("pin", room=show.room, offer=show.offer)
        await show.host.do("unpin", room=show.room, offer=show.offer)
