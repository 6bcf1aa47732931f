"""Badges: what others see beside a name, and that nobody wears one that is not theirs."""

from .client import Client
from .shapes import Message
from .stage import Show, Stage, fresh, order_of


async def said(client: Client, show: Show, seen_by: Client | None = None) -> list[str]:
    """The badges with which a comment is shown."""
    answer = await client.do("comment", room=show.room, text="so sweet!")
    item = await (seen_by or client).heard(show.room, "comment", comment=answer["comment"])
    badges: list[str] = item["user"]["badges"]
    return badges


async def bought(stage: Stage, client: Client, show: Show) -> Message:
    await stage.fund(client.user, "CNY", 10_000)
    return await client.do("order", **order_of(show))


async def until_said(client: Client, show: Show, badges: list[str]) -> None:
    """Comment until it is shown with these badges."""
    seen: list[list[str]] = []
    for _ in range(100):
        seen.append(await said(client, show))
        if seen[-1] == badges:
            return
    raise AssertionError(f"never {badges}: {seen[-1]}")


async def test_who_has_bought_speaks_with_the_badge_of_a_buyer(stage: Stage) -> None:
    show, elsewhere = await stage.show(), await stage.show()
    lan = await stage.member(show)
    await lan.join(elsewhere.room)
    assert await said(lan, show, show.host) == []
    await bought(stage, lan, show)
    await lan.heard(show.room, "sold")
    assert await said(lan, show, show.host) == ["buyer"]
    assert await said(lan, elsewhere) == []
    state = (await lan.join(show.room))["state"]
    assert [each["user"]["badges"] for each in state["comments"]] == [[], ["buyer"]]


async def test_badge_is_there_on_another_worker_that_had_the_room_open(stage: Stage) -> None:
    show = await stage.show()
    lan = await stage.member(show)
    tablet = await stage.member_beside(show, lan, lan.user)
    await bought(stage, lan, show)
    await tablet.heard(show.room, "sold")
    assert await said(tablet, show, show.host) == ["buyer"]


async def test_badge_is_there_on_a_worker_that_opens_the_room_later(stage: Stage) -> None:
    show = await stage.show()
    lan = await stage.enter_beside(show.host)
    await bought(stage, lan, show)
    await show.host.heard(show.room, "sold")
    await lan.join(show.room)
    assert await said(lan, show) == ["buyer"]


async def test_gift_of_a_buyer_is_shown_with_the_badge(stage: Stage) -> None:
    show = await stage.show()
    lan = await stage.member(show)
    await stage.fund(lan.user, "COIN", 10)
    gift = {"room": show.room, "gift": "rose"}
    await lan.do("gift", **gift, key=fresh("c"), count=1)
    await bought(stage, lan, show)
    await lan.heard(show.room, "sold")
    await lan.do("gift", **gift, key=fresh("c"), count=2)
    shown = {
        count: (await show.host.heard(show.room, "gift", count=count))["user"]["badges"]
        for count in (1, 2)
    }
    assert shown == {1: [], 2: ["buyer"]}


async def test_who_has_cancelled_all_orders_has_no_badge_any_more(stage: Stage) -> None:
    show = await stage.show()
    lan = await stage.member(show)
    orders = [(await bought(stage, lan, show))["order"] for _ in range(2)]
    await lan.until(lambda: len(lan.rooms[show.room].events) >= 2)
    token = stage.server.token(lan.user)
    await stage.http.post(f"/v1/orders/{orders[0]}/cancel", token=token)
    await lan.pushed("order_update", order=orders[0], status="cancelled")
    assert await said(lan, show) == ["buyer"]
    await stage.http.post(f"/v1/orders/{orders[1]}/cancel", token=token)
    await lan.pushed("order_update", order=orders[1], status="cancelled")
    await until_said(lan, show, [])


async def test_who_was_given_all_back_while_away_has_no_badge_any_more(stage: Stage) -> None:
    show = await stage.show()
    lan = await stage.member(show)
    order = (await bought(stage, lan, show))["order"]
    await lan.heard(show.room, "sold")
    await lan.close()
    await stage.http.post(f"/v1/orders/{order}/refunds", {"key": fresh("r")}, token=show.token)
    back = await stage.member(show, lan.user)
    await until_said(back, show, [])


async def test_nobody_is_a_buyer_by_a_token(stage: Stage) -> None:
    show = await stage.show()
    liar = await stage.member(show, fresh("liar"), "viewer", "buyer", "moderator")
    assert await said(liar, show) == ["moderator"]
