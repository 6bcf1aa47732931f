"""What somebody in the room can see of the show."""

from typing import Any

import pytest

from loadtest.crowd.scene import Happening, Message, Scene, What

MEI = {"id": "mei", "name": "Mei", "badges": ["host"]}
LAN = {"id": "lan", "name": "Lan", "badges": []}


def offer(name: str = "peach", **fields: Any) -> Message:
    return {
        "offer": name,
        "title": "A box",
        "price_minor": 2990,
        "currency": "CNY",
        "stock": 3,
        "limit_per_buyer": None,
        **fields,
    }


def joined(*pinned: Message, status: str = "live") -> Message:
    return {
        "type": "joined",
        "state": {"status": status, "host": MEI, "pinned": list(pinned)},
    }


def batch(*events: Message, said: tuple[Message, ...] = ()) -> Message:
    return {"type": "batch", "events": list(events), "waterfall": list(said)}


def sold(left: int) -> Message:
    lines = [{"offer": "peach", "quantity": 1, "stock": left}]
    return {"type": "sold", "user": LAN, "lines": lines}


@pytest.fixture
def scene() -> Scene:
    scene = Scene()
    scene.take(joined(offer()))
    return scene


def test_what_is_pinned_when_one_comes_is_seen_and_is_new_only_once() -> None:
    scene = Scene()
    assert scene.take(joined(offer())) == [Happening(What.PINNED, "peach")]
    assert scene.take(joined(offer(stock=1))) == []
    assert scene.pinned["peach"]["stock"] == 1
    assert scene.status == "live"


def test_pins_come_and_go_with_their_events(scene: Scene) -> None:
    pinned = {"type": "pinned", **offer("honey")}
    assert scene.take(batch(pinned)) == [Happening(What.PINNED, "honey")]
    assert scene.take(batch(pinned)) == []
    scene.take(batch({"type": "unpinned", "offer": "peach"}))
    assert list(scene.pinned) == ["honey"]


def test_stock_and_price_follow_what_is_sold_and_changed(scene: Scene) -> None:
    scene.take(batch(sold(2)))
    assert scene.pinned["peach"]["stock"] == 2
    scene.take(batch({"type": "stock", **offer(stock=9, price_minor=1990)}))
    assert scene.pinned["peach"]["price_minor"] == 1990
    scene.take(batch({"type": "stock", **offer("never-pinned")}))
    assert list(scene.pinned) == ["peach"]


def test_that_something_is_sold_out_happens_once(scene: Scene) -> None:
    assert scene.take(batch(sold(0))) == [Happening(What.SOLD_OUT, "peach")]
    assert scene.take(batch(sold(0))) == []


def test_what_the_host_says_happens_and_what_others_say_does_not(scene: Scene) -> None:
    def comment(user: Message) -> Message:
        return {"type": "comment", "comment": "c", "user": user, "text": "hello", "at_ms": 1}

    assert scene.take(batch(said=(comment(LAN),))) == []
    assert scene.take(batch(said=(comment(MEI),))) == [Happening(What.SPOKE, "mei")]


def test_bans_and_gifts_name_whom_they_concern(scene: Scene) -> None:
    banned = {"type": "banned", "user": "lan", "until_ms": None}
    gift = {"type": "gift", "user": LAN, "gift": "rose", "combo": "c", "count": 1, "added": 1}
    assert scene.take(batch(banned, gift)) == [
        Happening(What.BANNED, "lan"),
        Happening(What.GAVE, "lan"),
    ]


def test_the_end_takes_everything_down(scene: Scene) -> None:
    scene.take(batch({"type": "ended"}))
    assert (scene.status, scene.pinned) == ("ended", {})
    scene.take(batch({"type": "started", "started_at_ms": 1}))
    assert scene.status == "live"


def test_events_and_items_it_does_not_know_are_passed_over(scene: Scene) -> None:
    unknown = {"type": "of a later version"}
    assert scene.take(batch(unknown, said=(unknown,))) == []
