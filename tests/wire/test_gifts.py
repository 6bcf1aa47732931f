"""Gift combos: a running total is charged once, whatever is repeated, reordered or lost."""

from typing import Any

import pytest

from .client import Client
from .shapes import Message
from .stage import Show, Stage, fresh

COINS = 5000


async def giver(stage: Stage, show: Show, coins: int = COINS) -> Client:
    client = await stage.member(show, fresh("bo"))
    if coins:
        await stage.fund(client.user, "COIN", coins)
    return client


def gift(show: Show, key: str, count: int, **fields: Any) -> Message:
    return {"room": show.room, "gift": "rose", "key": key, "count": count} | fields


async def test_gift_is_charged_at_its_price_and_everybody_sees_it(stage: Stage) -> None:
    show = await stage.show()
    bo = await giver(stage, show)
    other = await stage.member_beside(show, bo)
    key = fresh("c")
    done = await bo.do("gift", **gift(show, key, 3, gift="heart"))
    assert (done["key"], done["charged_minor"], done["duplicate"]) == (key, 30, False)
    assert done["balance_minor"] == COINS - 30 == await stage.balance(bo.user, "COIN")
    for client in (bo, other):
        event = await client.heard(show.room, "gift")
        assert event["user"]["id"] == bo.user
        told = {name: event[name] for name in ("gift", "combo", "count", "added", "coins")}
        assert told == {"gift": "heart", "combo": key, "count": 3, "added": 3, "coins": 30}


async def test_combo_is_charged_for_what_is_new_in_it(stage: Stage) -> None:
    show = await stage.show()
    bo, key = await giver(stage, show), fresh("c")
    charged = [(await bo.do("gift", **gift(show, key, n)))["charged_minor"] for n in (1, 2, 5, 99)]
    assert charged == [1, 1, 3, 94]
    await show.host.heard(show.room, "gift", count=99)
    events = [e for e in show.host.rooms[show.room].events if e["type"] == "gift"]
    assert [(e["count"], e["added"], e["coins"]) for e in events] == [
        (1, 1, 1),
        (2, 1, 1),
        (5, 3, 3),
        (99, 94, 94),
    ]


async def test_command_that_is_not_ahead_costs_nothing_and_tells_nobody(stage: Stage) -> None:
    show = await stage.show()
    bo, key = await giver(stage, show), fresh("c")
    await bo.do("gift", **gift(show, key, 5))
    for count in (5, 3, 1):
        again = await bo.do("gift", **gift(show, key, count))
        assert (again["charged_minor"], again["duplicate"]) == (0, True)
        assert again["balance_minor"] == COINS - 5
    await bo.do("gift", **gift(show, fresh("c"), 1))
    await show.host.heard(show.room, "gift", count=1)
    events = [e for e in show.host.rooms[show.room].events if e["type"] == "gift"]
    assert [event["count"] for event in events] == [5, 1]


async def test_gift_whose_reply_was_lost_is_charged_once(stage: Stage) -> None:
    show = await stage.show()
    bo, key = await giver(stage, show), fresh("c")
    await bo.start("gift", **gift(show, key, 7))
    bo.socket.transport.abort()
    await bo.closed()
    again = await (await stage.member(show, bo.user)).do("gift", **gift(show, key, 7))
    assert again["balance_minor"] == COINS - 7
    assert again["charged_minor"] == (0 if again["duplicate"] else 7)


async def test_counts_sent_at_once_from_two_workers_are_charged_once(stage: Stage) -> None:
    show = await stage.show()
    bo, key = await giver(stage, show), fresh("c")
    also_bo = await stage.member_beside(show, bo, bo.user)
    answers = [
        await client.start("gift", **gift(show, key, count))
        for count in (4, 2, 8, 8, 6, 20, 1)
        for client in (bo, also_bo)
    ]
    for answer in answers:
        await (bo if answer in answers[::2] else also_bo).until(answer.done)
    assert {answer.result()["type"] for answer in answers} == {"gifted"}
    assert sum(answer.result()["charged_minor"] for answer in answers) == 20
    assert await stage.balance(bo.user, "COIN") == COINS - 20


async def test_key_with_another_gift_or_room_is_conflict(stage: Stage) -> None:
    show, elsewhere = await stage.show(), await stage.show()
    bo, key = await giver(stage, show), fresh("c")
    await bo.join(elsewhere.room)
    await bo.do("gift", **gift(show, key, 2))
    assert await bo.refusal("gift", **gift(show, key, 3, gift="heart")) == "conflict"
    assert await bo.refusal("gift", **gift(elsewhere, key, 3)) == "conflict"
    assert (await bo.do("gift", **gift(show, key, 3)))["charged_minor"] == 1


async def test_two_users_may_use_the_same_word_as_a_combo(stage: Stage) -> None:
    show, key = await stage.show(), fresh("c")
    for _ in range(2):
        done = await (await giver(stage, show)).do("gift", **gift(show, key, 2))
        assert (done["charged_minor"], done["duplicate"]) == (2, False)


async def test_gift_the_wallet_does_not_hold_is_insufficient_funds(stage: Stage) -> None:
    show = await stage.show()
    bo, key = await giver(stage, show, coins=9), fresh("c")
    assert await bo.refusal("gift", **gift(show, key, 1, gift="heart")) == "insufficient_funds"
    assert await stage.balance(bo.user, "COIN") == 9
    poor = await giver(stage, show, coins=0)
    assert await poor.refusal("gift", **gift(show, key, 1)) == "insufficient_funds"


async def test_combo_goes_on_after_it_was_out_of_funds(stage: Stage) -> None:
    show = await stage.show()
    bo, key = await giver(stage, show, coins=5), fresh("c")
    await bo.do("gift", **gift(show, key, 5))
    assert await bo.refusal("gift", **gift(show, key, 6)) == "insufficient_funds"
    await stage.fund(bo.user, "COIN", 10)
    done = await bo.do("gift", **gift(show, key, 7))
    assert (done["charged_minor"], done["balance_minor"]) == (2, 8)


async def test_unknown_gift_is_not_found(stage: Stage) -> None:
    show = await stage.show()
    bo = await giver(stage, show)
    assert await bo.refusal("gift", **gift(show, fresh("c"), 1, gift="unicorn")) == "not_found"


async def test_gift_to_a_room_that_does_not_exist_is_not_found(stage: Stage) -> None:
    show = await stage.show()
    bo = await giver(stage, show)
    refusal = await bo.refusal("gift", **gift(show, fresh("c"), 1, room=fresh("nowhere")))
    assert refusal == "not_found"


@pytest.mark.parametrize("field", ["key", "count", "gift", "made_at_ms"])
async def test_ill_typed_field_of_a_gift_is_invalid_and_charges_nothing(
    stage: Stage, field: str
) -> None:
    show = await stage.show()
    bo = await giver(stage, show)
    wrong: list[object] = {
        "key": ["", "a b", "ключ", "k\n", "k" * 65, 7, True, ["k"]],
        "count": [0, -1, 100_000, 2**63, 2**64 - 1, 1.0, 1.5, True, "1", None],
        "gift": ["", "ro se", "r" * 65, 7, {}],
        "made_at_ms": [-1, "yesterday", 1.5, True, 2**63],
    }[field]
    for value in wrong:
        fields = gift(show, fresh("c"), 1) | {field: value}
        assert await bo.refusal("gift", **fields) == "invalid", value
    assert await stage.balance(bo.user, "COIN") == COINS


async def test_largest_count_of_a_combo_is_taken(stage: Stage) -> None:
    show = await stage.show()
    bo = await giver(stage, show, coins=100_000)
    done = await bo.do("gift", **gift(show, fresh("c"), 99_999))
    assert (done["charged_minor"], done["balance_minor"]) == (99_999, 1)


async def test_gifts_of_a_show_make_the_list_of_top_gifters(stage: Stage) -> None:
    show = await stage.show()
    bo, lan = await giver(stage, show), await giver(stage, show)
    await bo.do("gift", **gift(show, fresh("c"), 5))
    await lan.do("gift", **gift(show, fresh("c"), 2, gift="heart"))
    await bo.do("gift", **gift(show, fresh("c"), 4))
    await show.host.heard(show.room, "gift", count=4)
    state = (await show.host.join(show.room))["state"]
    assert [(each["user"]["id"], each["coins"]) for each in state["top_gifters"]] == [
        (lan.user, 20),
        (bo.user, 9),
    ]
