"""HTTP: rooms, offers, gifts and what says that the server is well."""

from typing import Any

import pytest

from tests.server import Server
from tests.waiting import until_awaited

from .client import JSON
from .shapes import OFFER, STATE, Message, ident, uint
from .stage import Show, Stage, fresh, order_of

OFFERS_MAX = 200
OFFER_BODY: Message = {"title": "Peaches", "price_minor": 2990, "currency": "CNY", "stock": 5}

NO_ROOMS: list[Message] = [
    {"title": ""},
    {"title": 5},
    {"title": "x" * 121},
    {"city": "x" * 65},
    {"theme": "x" * 65},
    {"media_url": "x" * 501},
    {"room": "a b"},
    {"room": "a\n"},
    {"room": ""},
    {"room": "r" * 65},
    {"room": 7},
    {"city": 7},
    {"media_url": []},
    {"media_url": ""},
    {"media_url": "ftp://media.example/show"},
    {"media_url": "javascript:alert(1)"},
    {"media_url": "data:video/mp4,x"},
    {"media_url": "//media.example/show"},
    {"media_url": "/show.m3u8"},
    {"media_url": "https://"},
    {"media_url": "https://media.example/a b"},
    {"media_url": "https://media.example/\n"},
    {"media_url": " https://media.example/"},
]
NO_OFFERS: list[Message] = [
    {"price_minor": -1},
    {"price_minor": 0},
    {"price_minor": 10**12 + 1},
    {"price_minor": 1.0},
    {"price_minor": True},
    {"price_minor": "1"},
    {"stock": -1},
    {"stock": 10**9 + 1},
    {"stock": 2**63},
    {"stock": 1.5},
    {"stock": False},
    {"currency": "yuan"},
    {"currency": "C\nY"},
    {"limit_per_buyer": 0},
    {"limit_per_buyer": -1},
    {"limit_per_buyer": 10_001},
    {"offer": "a b"},
    {"offer": "o" * 65},
    {"title": ""},
    {"title": None},
]


@pytest.fixture
async def stage(server: Server) -> Any:
    """One format is enough: HTTP is JSON."""
    async with Stage(server, JSON) as open_stage:
        yield open_stage


@pytest.fixture
def host(stage: Stage) -> str:
    return stage.server.token(fresh("host"), "host")


async def test_created_room_answers_its_state(stage: Stage, host: str) -> None:
    body = {
        "room": fresh("orchard"),
        "title": "Peaches from the hill",
        "city": "Lishui",
        "theme": "fruit",
        "media_url": "https://media.example/orchard",
    }
    state = await stage.http.post("/v1/rooms", body, token=host)
    assert STATE(state), state
    assert {name: state[name] for name in body} == body
    assert state["status"] == "created"
    assert await stage.http.get(f"/v1/rooms/{body['room']}") == state


async def test_room_without_a_name_gets_one(stage: Stage, host: str) -> None:
    made = [await stage.http.post("/v1/rooms", {"title": "A show"}, token=host) for _ in range(2)]
    assert ident(made[0]["room"])
    assert made[0]["room"] != made[1]["room"]
    assert (made[0]["city"], made[0]["theme"], made[0]["media_url"]) == (None, None, None)


async def test_creating_the_same_room_again_answers_the_same(stage: Stage, host: str) -> None:
    body = {"room": fresh("orchard"), "title": "A show", "city": "Lishui"}
    first = await stage.http.post("/v1/rooms", body, token=host)
    assert await stage.http.post("/v1/rooms", body, token=host) == first


@pytest.mark.parametrize("other", [{"title": "Another"}, {"city": "Rome"}, {"theme": "fish"}])
async def test_creating_a_room_with_other_content_is_conflict(
    stage: Stage, host: str, other: dict[str, str]
) -> None:
    body = {"room": fresh("orchard"), "title": "A show"}
    await stage.http.post("/v1/rooms", body, token=host)
    answer = await stage.http.ask("POST", "/v1/rooms", body | other, token=host)
    assert (answer.status, answer.code) == (409, "conflict")
    assert (await stage.http.get(f"/v1/rooms/{body['room']}"))["title"] == "A show"


async def test_room_of_another_host_cannot_be_taken(stage: Stage, host: str) -> None:
    body = {"room": fresh("orchard"), "title": "A show"}
    await stage.http.post("/v1/rooms", body, token=host)
    thief = stage.server.token(fresh("thief"), "host")
    answer = await stage.http.ask("POST", "/v1/rooms", body, token=thief)
    assert answer.code in ("conflict", "forbidden")


async def test_ill_typed_room_is_invalid(stage: Stage, host: str) -> None:
    for wrong in NO_ROOMS:
        answer = await stage.http.ask("POST", "/v1/rooms", {"title": "A show"} | wrong, token=host)
        assert (answer.status, answer.code) == (400, "invalid"), wrong


async def test_room_without_a_title_is_invalid(stage: Stage, host: str) -> None:
    answer = await stage.http.ask("POST", "/v1/rooms", {"room": fresh("r")}, token=host)
    assert answer.code == "invalid"


async def test_room_is_started_and_ended_by_its_host(stage: Stage) -> None:
    show = await stage.show(live=False)
    state = await stage.http.post(f"/v1/rooms/{show.room}/start", token=show.token)
    assert (state["room"], state["status"]) == (show.room, "live")
    assert STATE(state)
    await show.host.heard(show.room, "started")
    again = await stage.http.post(f"/v1/rooms/{show.room}/start", token=show.token)
    assert again["started_at_ms"] == state["started_at_ms"]
    state = await stage.http.post(f"/v1/rooms/{show.room}/end", token=show.token)
    assert state["status"] == "ended"
    await show.host.heard(show.room, "ended")
    answer = await stage.http.ask("POST", f"/v1/rooms/{show.room}/end", token=show.token)
    assert answer.code == "not_live"


async def test_live_rooms_are_listed_newest_first_over_pages(stage: Stage) -> None:
    shows = [await stage.show() for _ in range(3)]
    waiting = await stage.show(live=False)
    ended = await stage.show()
    await ended.host.do("end", room=ended.room)

    page = await stage.http.get("/v1/rooms", limit="2")
    listed = [room["room"] for room in page["rooms"]]
    assert listed == [shows[2].room, shows[1].room]
    assert all(map(STATE, page["rooms"]))
    while page["next"] is not None:
        page = await stage.http.get("/v1/rooms", limit="2", cursor=str(page["next"]))
        assert 0 < len(page["rooms"]) <= 2 or page["next"] is None
        listed += [room["room"] for room in page["rooms"]]
    assert len(set(listed)) == len(listed)
    assert listed.index(shows[0].room) == 2
    assert not {waiting.room, ended.room} & set(listed)
    whole = (await stage.http.get("/v1/rooms"))["rooms"]
    assert [room["room"] for room in whole][: len(shows)] == [s.room for s in reversed(shows)]
    assert all(room["status"] == "live" for room in whole)


@pytest.mark.parametrize("change", ["one starts", "one ends"])
async def test_list_that_changes_while_one_pages_repeats_and_hides_nothing(
    stage: Stage, change: str
) -> None:
    oldest, older, old, new, newest = [await stage.show() for _ in range(5)]
    page = await stage.http.get("/v1/rooms", limit="2")
    assert [room["room"] for room in page["rooms"]] == [newest.room, new.room]
    if change == "one starts":
        await stage.show()
    else:
        await newest.host.do("end", room=newest.room)
    page = await stage.http.get("/v1/rooms", limit="2", cursor=str(page["next"]))
    assert [room["room"] for room in page["rooms"]] == [old.room, older.room]
    assert oldest.room not in [room["room"] for room in page["rooms"]]


POSTER = {"room", "title", "host", "status", "city", "theme", "started_at_ms", "viewers", "likes"}


async def test_live_rooms_are_listed_in_short_with_their_newest_pin(stage: Stage) -> None:
    show = await stage.show()
    newest = await stage.offer(show.room, show.token)
    for offer in (show.offer, newest):
        await show.host.do("pin", room=show.room, offer=offer)

    async def listed() -> Message | None:
        rooms = (await stage.http.get("/v1/live", limit="100"))["rooms"]
        return next((each for each in rooms if each["room"] == show.room), None)

    async def is_told() -> bool:
        poster = await listed()
        return poster is not None and [pin["offer"] for pin in poster["pinned"]] == [newest]

    await until_awaited(is_told)
    poster, state = await listed(), await stage.http.get(f"/v1/rooms/{show.room}")
    assert poster is not None
    assert set(poster) == POSTER | {"pinned"}
    assert {name: poster[name] for name in POSTER} == {name: state[name] for name in POSTER}
    assert OFFER(poster["pinned"][0])

    await show.host.do("end", room=show.room)

    async def is_gone() -> bool:
        return await listed() is None

    await until_awaited(is_gone)


@pytest.mark.parametrize(
    "query",
    [{"limit": "0"}, {"limit": "-1"}, {"limit": "x"}, {"limit": "1.5"}, {"limit": "9" * 30}],
)
async def test_limit_that_is_no_number_of_rooms_is_invalid(
    stage: Stage, query: dict[str, str]
) -> None:
    assert (await stage.http.ask("GET", "/v1/rooms", query=query)).code == "invalid"


@pytest.mark.parametrize("cursor", ["nonsense", "-1", "9" * 400, "\x00", "😀"])
async def test_cursor_we_did_not_give_is_refused_or_ends_the_list(
    stage: Stage, cursor: str
) -> None:
    answer = await stage.http.ask("GET", "/v1/rooms", query={"cursor": cursor})
    assert answer.status == 200 or answer.code == "invalid"


async def test_offer_is_put_on_sale_and_listed(stage: Stage) -> None:
    show = await stage.show()
    path = f"/v1/rooms/{show.room}/offers"
    offer = await stage.http.post(
        path, OFFER_BODY | {"offer": fresh("o"), "limit_per_buyer": 2}, token=show.token
    )
    assert OFFER(offer), offer
    assert offer["limit_per_buyer"] == 2
    listed = (await stage.http.get(path))["offers"]
    assert all(map(OFFER, listed))
    assert {each["offer"] for each in listed} == {show.offer, offer["offer"]}


async def test_offer_without_a_name_gets_one(stage: Stage) -> None:
    show = await stage.show()
    offer = await stage.http.post(f"/v1/rooms/{show.room}/offers", OFFER_BODY, token=show.token)
    assert ident(offer["offer"])
    assert offer["limit_per_buyer"] is None


async def test_same_offer_again_answers_the_same_and_other_content_is_conflict(
    stage: Stage,
) -> None:
    show = await stage.show()
    path, body = f"/v1/rooms/{show.room}/offers", OFFER_BODY | {"offer": fresh("o")}
    first = await stage.http.post(path, body, token=show.token)
    assert await stage.http.post(path, body, token=show.token) == first
    for other in ({"price_minor": 1}, {"stock": 6}, {"title": "Pears"}, {"limit_per_buyer": 1}):
        answer = await stage.http.ask("POST", path, body | other, token=show.token)
        assert (answer.status, answer.code) == (409, "conflict"), other


async def test_same_offer_again_after_a_sale_puts_nothing_back(stage: Stage) -> None:
    show = await stage.show()
    path, body = f"/v1/rooms/{show.room}/offers", OFFER_BODY | {"offer": fresh("o")}
    await stage.http.post(path, body, token=show.token)
    lan = await stage.member(show)
    await stage.fund(lan.user, "CNY", 10_000)
    lines = [{"offer": body["offer"], "quantity": 2}]
    await lan.do(
        "order", room=show.room, key=fresh("k"), lines=lines, total_minor=5980, currency="CNY"
    )
    await stage.http.post(path, body, token=show.token)
    listed = (await stage.http.get(path))["offers"]
    assert [each["stock"] for each in listed if each["offer"] == body["offer"]] == [3]


async def test_ill_typed_offer_is_invalid(stage: Stage) -> None:
    show = await stage.show(live=False)
    for wrong in NO_OFFERS:
        body = OFFER_BODY | wrong
        answer = await stage.http.ask(
            "POST", f"/v1/rooms/{show.room}/offers", body, token=show.token
        )
        assert (answer.status, answer.code) == (400, "invalid"), wrong


async def test_largest_values_are_taken(stage: Stage, host: str) -> None:
    body = {
        "title": "\U0001f351" * 120,
        "city": "x" * 64,
        "theme": "x" * 64,
        "media_url": "https://" + "x" * 492,
    }
    state = await stage.http.post("/v1/rooms", body, token=host)
    assert {name: state[name] for name in body} == body
    offer = {
        "title": "x" * 120,
        "price_minor": 10**12,
        "currency": "CNY",
        "stock": 10**9,
        "limit_per_buyer": 10_000,
    }
    made = await stage.http.post(f"/v1/rooms/{state['room']}/offers", offer, token=host)
    assert {name: made[name] for name in offer} == offer


async def test_room_has_200_offers_and_no_201st(stage: Stage, host: str) -> None:
    room = (await stage.http.post("/v1/rooms", {"title": "A show"}, token=host))["room"]
    path = f"/v1/rooms/{room}/offers"
    for _ in range(OFFERS_MAX):
        await stage.http.post(path, OFFER_BODY, token=host)
    assert (await stage.http.ask("POST", path, OFFER_BODY, token=host)).code == "limit_exceeded"
    assert len((await stage.http.get(path))["offers"]) == OFFERS_MAX


async def change(stage: Stage, show: Show, **fields: Any) -> Message:
    return await stage.http.do("PATCH", f"/v1/rooms/{show.room}", fields, token=show.token)


async def test_changed_room_is_told_to_members_and_holds_for_those_who_come_later(
    stage: Stage,
) -> None:
    show = await stage.show()
    viewer = await stage.member_beside(show, show.host)
    url = "https://media.example/show.m3u8"
    wanted = {"title": "Plums today", "city": "Lishui", "theme": None, "media_url": url}
    state = await change(stage, show, **wanted)
    assert STATE(state), state
    later = await stage.enter_beside(viewer)
    for client in (show.host, viewer):
        event = await client.heard(show.room, "settings")
        assert {name: event[name] for name in wanted} == wanted
        assert (event["slow_mode_s"], event["followers_only"]) == (0, False)
        joined = (await client.join(show.room))["state"]
        assert {name: joined[name] for name in wanted} == wanted
    joined = (await later.join(show.room))["state"]
    assert {name: joined[name] for name in wanted} == wanted == {n: state[n] for n in wanted}


async def test_what_is_not_named_stays_and_null_takes_away(stage: Stage) -> None:
    show = await stage.show()
    await change(stage, show, city="Lishui", theme="fruit", media_url="http://a.example/")
    state = await change(stage, show, city=None, theme="fish")
    assert (state["title"], state["city"], state["theme"]) == ("A show", None, "fish")
    assert state["media_url"] == "http://a.example/"
    event = await show.host.heard(show.room, "settings", theme="fish")
    assert (event["city"], event["media_url"]) == (None, "http://a.example/")


async def test_change_that_changes_nothing_is_no_event(stage: Stage) -> None:
    show = await stage.show()
    await change(stage, show, title="A show")
    await change(stage, show)
    await show.host.do("pin", room=show.room, offer=show.offer)
    await show.host.heard(show.room, "pinned")
    assert [each["type"] for each in show.host.rooms[show.room].events] == ["started", "pinned"]


async def test_slow_mode_says_nothing_of_what_the_room_is_called(stage: Stage) -> None:
    show = await stage.show()
    await change(stage, show, title="Plums")
    await show.host.do("moderate", room=show.room, action="slow_mode", seconds=5)
    event = await show.host.heard(show.room, "settings", slow_mode_s=5)
    assert not {"title", "city", "theme", "media_url"} & event.keys()
    assert (await show.host.join(show.room))["state"]["title"] == "Plums"


async def test_ill_typed_change_of_a_room_is_invalid(stage: Stage) -> None:
    show = await stage.show(live=False)
    path = f"/v1/rooms/{show.room}"
    for wrong in [{"title": None}, *(each for each in NO_ROOMS if "room" not in each)]:
        answer = await stage.http.ask("PATCH", path, wrong, token=show.token)
        assert (answer.status, answer.code) == (400, "invalid"), wrong


async def test_only_its_host_changes_a_room(stage: Stage) -> None:
    show = await stage.show(live=False)
    path, new = f"/v1/rooms/{show.room}", {"title": "Mine"}
    assert (await stage.http.ask("PATCH", path, new)).code == "unauthenticated"
    for role in ("host", "moderator", "ops"):
        token = stage.server.token(fresh("other"), role)
        assert (await stage.http.ask("PATCH", path, new, token=token)).code == "forbidden"
    answer = await stage.http.ask("PATCH", f"{path}-nowhere", new, token=show.token)
    assert answer.code == "not_found"


async def test_offer_says_how_many_pieces_were_put_on_sale_in_all(stage: Stage) -> None:
    show = await stage.show(stock=10)
    path = f"/v1/rooms/{show.room}/offers"
    buyer = await stage.member(show)
    await stage.fund(buyer.user, "CNY", 100_000)
    await show.host.do("pin", room=show.room, offer=show.offer)
    pinned = await buyer.heard(show.room, "pinned")
    assert (pinned["stock"], pinned["pieces"]) == (10, 10)
    await buyer.do("order", **order_of(show, 4))
    more = {"restock": 5, "key": fresh("k")}
    await stage.http.do("PATCH", f"{path}/{show.offer}", more, token=show.token)
    stock = await buyer.heard(show.room, "stock")
    assert (stock["stock"], stock["pieces"]) == (11, 15)
    (listed,) = (await stage.http.get(path))["offers"]
    (state,) = (await buyer.join(show.room))["state"]["pinned"]
    assert (listed["stock"], listed["pieces"]) == (state["stock"], state["pieces"]) == (11, 15)


def hosts_routes(show: Show) -> list[tuple[str, Message | None]]:
    return [
        (f"/v1/rooms/{show.room}/start", None),
        (f"/v1/rooms/{show.room}/end", None),
        (f"/v1/rooms/{show.room}/offers", OFFER_BODY),
    ]


@pytest.mark.parametrize("role", ["viewer", "host", "moderator", "ops"])
async def test_what_is_the_hosts_is_forbidden_to_others(stage: Stage, role: str) -> None:
    show = await stage.show()
    token = stage.server.token(fresh("other"), role)
    for path, body in hosts_routes(show):
        assert (await stage.http.ask("POST", path, body, token=token)).code == "forbidden", path


async def test_what_is_the_hosts_needs_a_token(stage: Stage) -> None:
    show = await stage.show()
    for path, body in hosts_routes(show):
        assert (await stage.http.ask("POST", path, body)).code == "unauthenticated", path


@pytest.mark.parametrize("role", ["viewer", "moderator", "ops"])
async def test_only_a_host_creates_a_room(stage: Stage, role: str) -> None:
    token = stage.server.token(fresh("other"), role)
    answer = await stage.http.ask("POST", "/v1/rooms", {"title": "A show"}, token=token)
    assert answer.code == "forbidden"


async def test_room_that_does_not_exist_is_not_found(stage: Stage, host: str) -> None:
    path = f"/v1/rooms/{fresh('nowhere')}"
    assert (await stage.http.ask("GET", path)).code == "not_found"
    assert (await stage.http.ask("GET", f"{path}/offers")).code == "not_found"
    for end, body in (("start", None), ("end", None), ("offers", OFFER_BODY)):
        answer = await stage.http.ask("POST", f"{path}/{end}", body, token=host)
        assert answer.code == "not_found", end


async def test_gifts_are_listed_with_their_prices(stage: Stage) -> None:
    gifts = (await stage.http.get("/v1/gifts"))["gifts"]
    assert all(ident(each["gift"]) and uint(each["price_minor"]) for each in gifts)
    prices = {each["gift"]: each["price_minor"] for each in gifts}
    assert prices == {"rose": 1, "heart": 10, "rocket": 1000}


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
async def test_server_that_is_well_says_so(stage: Stage, path: str) -> None:
    assert (await stage.http.ask("GET", path)).status == 200
