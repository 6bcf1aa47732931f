"""What comes unasked and is no batch: order_update, balance, gap; moved is in test_stopping."""

from .conftest import StageOf
from .stage import PRICE_MINOR, UNLIMITED, Stage, fresh, order_of

TEXT = "\U0001f351" * 200
"""800 bytes on the wire: a few hundred of them fill any network buffer."""
SMALL_BUFFER_BYTES = 4096


async def test_order_update_and_balance_come_to_all_connections_of_the_buyer_only(
    stage: Stage,
) -> None:
    show = await stage.show()
    lan = await stage.member(show)
    phone = await stage.enter_beside(lan, lan.user)
    other = await stage.member(show)
    await stage.fund(lan.user, "CNY", 10_000)
    await phone.pushed("balance", currency="CNY", balance_minor=10_000)
    done = await lan.do("order", **order_of(show))
    for client in (lan, phone):
        update = await client.pushed("order_update", order=done["order"])
        assert update["status"] == "paid"
        await client.pushed("balance", currency="CNY", balance_minor=10_000 - PRICE_MINOR)
    await other.heard(show.room, "sold")
    await other.do("ping")
    assert other.pushes == []


async def test_balance_in_coins_comes_after_a_gift(stage: Stage) -> None:
    show = await stage.show()
    bo = await stage.member(show)
    tablet = await stage.enter_beside(bo, bo.user)
    await stage.fund(bo.user, "COIN", 10)
    await bo.do("gift", room=show.room, gift="rose", key=fresh("c"), count=3)
    for client in (bo, tablet):
        await client.pushed("balance", currency="COIN", balance_minor=7)


async def test_balance_comes_for_what_was_done_over_http(stage: Stage) -> None:
    show = await stage.show()
    lan = await stage.enter()
    await stage.fund(lan.user, "CNY", 10_000)
    await lan.pushed("balance", currency="CNY", balance_minor=10_000)
    done = await stage.http.post(
        f"/v1/rooms/{show.room}/orders", order_of(show), token=stage.server.token(lan.user)
    )
    await lan.pushed("order_update", order=done["order"], status="paid")
    await lan.pushed("balance", currency="CNY", balance_minor=10_000 - PRICE_MINOR)


async def test_refused_order_pushes_nothing(stage: Stage) -> None:
    show = await stage.show()
    lan = await stage.member(show)
    assert await lan.refusal("order", **order_of(show)) == "insufficient_funds"
    await stage.fund(lan.user, "CNY", 1)
    await lan.pushed("balance")
    assert [push["type"] for push in lan.pushes] == ["balance"]


async def test_slow_reader_misses_waterfall_is_told_and_loses_nothing_reliable(
    stage_of: StageOf,
) -> None:
    stage = await stage_of(
        workers=1, slow_skip_bytes=2048, slow_close_bytes=2**27, slow_close_after_ms=600_000,
        **UNLIMITED,
    )  # fmt: skip
    show = await stage.show()
    slow = await stage.enter(receive_buffer_bytes=SMALL_BUFFER_BYTES)
    await slow.join(show.room)
    slow.stop_reading()
    talker = await stage.member(show)
    said = 0
    for _ in range(40):
        answers = [await talker.start("comment", room=show.room, text=TEXT) for _ in range(100)]
        await talker.until(answers[-1].done)
        said += 100
        await show.host.do("pin", room=show.room, offer=show.offer)
        await show.host.do("unpin", room=show.room, offer=show.offer)
    await talker.until(lambda: len(talker.rooms[show.room].comments()) == said)
    place = talker.rooms[show.room]
    slow.go_on_reading()
    await slow.until(lambda: slow.rooms[show.room].seq == place.seq)
    await talker.do("comment", room=show.room, text="the end")
    await slow.heard(show.room, "comment", text="the end")
    assert (await slow.pushed("gap", room=show.room))["shed"] > 0
    shed = sum(push["shed"] for push in slow.pushes if push["type"] == "gap")
    seen = len(slow.rooms[show.room].waterfall) + shed
    assert len(slow.rooms[show.room].comments()) < said
    assert seen >= said + 1
