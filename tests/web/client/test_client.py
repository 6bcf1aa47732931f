"""The client in Chromium against a real server: what a page is told is all that happened, once."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, WebSocketRoute

from .conftest import PRICE_MINOR, Shop, until

Hook = Callable[[WebSocketRoute, dict[str, Any]], bool]
"""Whether a message passes."""
INSIST = "(command) => client.insist(command, { deadlineMs: 15000 })"
MUTE = """async (times) => {
  for (let i = 0; i < times; i += 1) {
    const user = `nobody-${crypto.randomUUID()}`;
    await client.insist({ type: "moderate", action: "mute", room: room_, user, seconds: 600 });
  }
}"""
"""Makes an event of the reliable lane each time."""


@pytest.fixture
def host(shop: Shop) -> Page:
    page = shop.client(token=shop.host_token)
    page.evaluate("(room) => { window.room_ = room; }", shop.room)
    return page


def pass_through(page: Page, *, down: Hook | None = None, up: Hook | None = None) -> list[str]:
    """Stand between the page and the server; the URLs that were connected to, as they come."""
    urls: list[str] = []

    def connect(route: WebSocketRoute) -> None:
        urls.append(route.url)
        server = route.connect_to_server()

        def from_server(raw: str | bytes) -> None:
            if down is None or down(route, json.loads(raw)):
                route.send(raw)

        def from_page(raw: str | bytes) -> None:
            if up is None or up(route, json.loads(raw)):
                server.send(raw)

        server.on_message(from_server)
        route.on_message(from_page)

    page.route_web_socket("**/ws*", connect)
    return urls


def states(page: Page) -> list[str]:
    told: list[list[str]] = page.evaluate("told.connection")
    return [state for state, *_ in told]


def start_muting(host: Page, times: int) -> None:
    """Begin, and do not wait; `muted_` is when it is done."""
    host.evaluate(f"(times) => {{ window.muted_ = ({MUTE})(times); }}", times)


def wait_for_seq(page: Page, seq: int) -> list[int]:
    """All the events' numbers the page was told, once it was told this one."""
    until(page, "seqs().includes(arg)", seq)
    seqs: list[int] = page.evaluate("seqs()")
    return seqs


def last_seq(page: Page, type: str) -> int:
    """The number of the last event of a kind, once there is one."""
    until(page, f"told.batch.some(([b]) => b.events.some((e) => e.type === '{type}'))")
    found: int = page.evaluate(
        f"told.batch.flatMap(([b]) => b.events).filter((e) => e.type === '{type}').at(-1).seq"
    )
    return found


def assert_complete(page: Page, last: int) -> None:
    """Nothing is missing and nothing comes twice, from entering to the last event."""
    seqs = wait_for_seq(page, last)
    first: int = page.evaluate("told.joined[0][0].seq")
    assert seqs == list(range(first + 1, seqs[-1] + 1))


def test_after_a_killed_worker_nothing_is_missed_and_nothing_comes_twice(
    shop: Shop, host: Page
) -> None:
    viewer = shop.client()
    start_muting(host, 60)
    wait_for_seq(viewer, viewer.evaluate("told.joined[0][0].seq") + 5)
    for worker in ("worker-0", "worker-1"):
        shop.server.kill(worker)
    until(viewer, "told.connection.filter(([state]) => state === 'in').length === 2")
    host.evaluate("muted_")
    assert "waiting" in states(viewer)
    assert viewer.evaluate("told.joined.slice(1).every(([{ recovered }]) => recovered)")
    assert_complete(viewer, shop.client().evaluate("told.joined[0][0].seq"))


def test_a_hole_in_the_sequence_is_filled_by_joining_again(shop: Shop, host: Page) -> None:
    swallowed: list[int] = []

    def lose_one(_: WebSocketRoute, message: dict[str, Any]) -> bool:
        is_lost = bool(message.get("events")) and not swallowed
        swallowed.extend(event["seq"] for event in message.get("events", ()) if is_lost)
        return not is_lost

    viewer = shop.open()
    pass_through(viewer, down=lose_one)
    shop.start(viewer)
    until(viewer, "told.connection.at(-1)?.[0] === 'in'")
    host.evaluate(MUTE, 3)
    until(viewer, "told.joined.length === 2")
    assert swallowed
    assert states(viewer) == ["connecting", "in"]
    assert_complete(viewer, last_seq(host, "muted"))


def test_who_is_told_to_move_stays_until_then_and_comes_back_where_it_is_told(
    shop: Shop, host: Page
) -> None:
    hint_ms = 400
    there = f"{shop.server.ws_url}?there"
    told: list[float] = []

    def tell(route: WebSocketRoute, message: dict[str, Any]) -> bool:
        if message["type"] == "joined" and not told:
            moved = {"type": "moved", "retry_after_ms": hint_ms, "url": there}
            told.append(time.monotonic())
            route.send(json.dumps(message))
            route.send(json.dumps(moved))
            return False
        return True

    viewer = shop.open()
    urls = pass_through(viewer, down=tell)
    shop.start(viewer)
    until(viewer, "told.connection.length === 5")
    took_ms = (time.monotonic() - told[0]) * 1000
    assert urls == [shop.server.ws_url, there]
    assert states(viewer) == ["connecting", "in", "waiting", "connecting", "in"]
    assert hint_ms <= took_ms < hint_ms * 1.5 + 3000
    host.evaluate(MUTE, 1)
    assert_complete(viewer, last_seq(host, "muted"))


def test_json_and_messagepack_see_the_same(shop: Shop, host: Page) -> None:
    viewers = [shop.client(codec=codec) for codec in ("json", "msgpack")]
    texts = ["so sweet!", "甜得很 🍑🍑", "x" * 200, "\u202eback \u0001 \x7f", 'a "b" \\ c']
    for text in texts:
        host.evaluate("(text) => client.insist({ type: 'comment', room: room_, text })", text)
    host.evaluate(MUTE, 2)
    last = last_seq(host, "muted")
    seen = []
    for viewer in viewers:
        assert_complete(viewer, last)
        until(viewer, f"drops().filter(({{ type }}) => type === 'comment').length === {len(texts)}")
        seen.append(
            viewer.evaluate(
                "[drops().filter(({ type }) => type === 'comment'),"
                " told.batch.flatMap(([{ events }]) => events), told.joined[0][0].epoch]"
            )
        )
    assert seen[0] == seen[1]
    assert [comment["text"] for comment in seen[0][0]] == texts


def test_messagepack_carries_what_json_carries(shop: Shop) -> None:
    page = shop.open()
    code = "const { msgpack } = await import('/client/msgpack.js');"
    same = f"""async () => {{ {code}
      const n = [0, 127, 128, 255, 256, 65535, 65536, 2 ** 31, 2 ** 32, 2 ** 50, 2 ** 53 - 1];
      n.push(...n.map((each) => -each - 1).slice(1, -1), 0.5, -1.25);
      const t = ["", "é", "🍑".repeat(80), "x".repeat(70000), '"'];
      const many = Array.from({{ length: 70000 }}, (_, i) => i);
      const message = {{ n, t, many, yes: true, no: false, none: null, empty: {{}}, list: [] }};
      const again = msgpack.decode(msgpack.encode(message));
      return JSON.stringify(again) === JSON.stringify(message);
    }}"""
    assert page.evaluate(same) is True
    gone = f"async () => {{ {code} return msgpack.decode(msgpack.encode({{ a: undefined }})); }}"
    assert page.evaluate(gone) == {}
    assert page.evaluate("[window.msgpack, window.msgpackJsName]") == [None, None]


def test_a_refused_token_ends_it_and_a_good_one_opens_it_again(shop: Shop) -> None:
    viewer = shop.open()
    shop.start(viewer, token="nonsense")
    until(viewer, "told.connection.at(-1)?.[0] === 'ended'")
    assert viewer.evaluate("told.connection.at(-1)[1]") == "unauthenticated"
    assert states(viewer) == ["connecting", "ended"]
    viewer.evaluate("(token) => { client.token = token; client.open(); }", shop.server.token("lan"))
    until(viewer, "told.connection.at(-1)[0] === 'in'")
    assert viewer.evaluate("told.welcome.at(-1)[0].user") == "lan"


def test_an_order_whose_answer_was_lost_is_asked_again_and_paid_once(shop: Shop) -> None:
    def lose_first(route: WebSocketRoute, message: dict[str, Any]) -> bool:
        answers.append(message) if message["type"] == "ordered" else None
        if message["type"] != "ordered" or len(answers) > 1:
            return True
        route.close()
        return False

    answers: list[dict[str, Any]] = []
    buyer, funds = "buyer", 10 * PRICE_MINOR
    topup = {"amount_minor": funds, "currency": "CNY", "key": "k"}
    shop.http("POST", f"/v1/wallets/{buyer}/topups", topup, shop.server.token("ops", "ops"))
    page = shop.open()
    pass_through(page, down=lose_first)
    shop.start(page, token=shop.server.token(buyer))
    order: dict[str, Any] = {
        "type": "order",
        "room": shop.room,
        "lines": [{"offer": "plum", "quantity": 1}],
    }
    order |= {"total_minor": PRICE_MINOR, "currency": "CNY", "key": "o-1"}
    ordered = page.evaluate(INSIST, order)
    assert len(answers) == 2
    assert answers[0]["order"] == ordered["order"]
    assert (ordered["duplicate"], ordered["balance_minor"]) == (True, funds - PRICE_MINOR)


def test_a_refusal_that_waiting_mends_is_asked_again_and_another_is_told(shop: Shop) -> None:
    def refuse(route: WebSocketRoute, message: dict[str, Any]) -> bool:
        if message["type"] != "like":
            return True
        asked.append(time.monotonic())
        if len(asked) > 1:
            return True
        busy = {"code": "busy", "message": "later", "retry_after_ms": 150}
        route.send(json.dumps({"type": "error", "id": message["id"], **busy}))
        return False

    asked: list[float] = []
    page = shop.open()
    pass_through(page, up=refuse)
    shop.start(page, token=shop.server.token("tapper"))
    like = {"type": "like", "room": shop.room, "count": 1}
    assert page.evaluate(INSIST, like)["type"] == "ok"
    assert asked[1] - asked[0] >= 0.14
    wrong = "(like) => client.insist({ ...like, count: 101 }).catch((e) => [e.name, e.code])"
    assert page.evaluate(wrong, like) == ["Refusal", "invalid"]


def test_switching_the_saver_joins_again_and_misses_nothing(shop: Shop, host: Page) -> None:
    joins: list[dict[str, Any]] = []

    def note(_: WebSocketRoute, message: dict[str, Any]) -> bool:
        joins.append(message) if message["type"] == "join" else None
        return True

    viewer = shop.open()
    pass_through(viewer, up=note)
    shop.start(viewer)
    until(viewer, "told.connection.at(-1)?.[0] === 'in'")
    start_muting(host, 40)
    viewer.evaluate("[true, false, true, false].forEach((isOn) => { client.saver = isOn; })")
    until(viewer, "told.joined.length === 3")
    viewer.evaluate("client.saver = true")
    host.evaluate("muted_")
    assert_complete(viewer, shop.client().evaluate("told.joined[0][0].seq"))
    assert [join.get("saver", False) for join in joins] == [False, True, False, True]
    assert all("since" in join for join in joins[1:])
    assert viewer.evaluate("client.saver") is True


def test_a_page_is_told_how_far_the_server_is_and_of_gaps(shop: Shop) -> None:
    def gap(route: WebSocketRoute, message: dict[str, Any]) -> bool:
        route.send(json.dumps(message))
        if message["type"] == "pong":
            route.send(json.dumps({"type": "gap", "room": shop.room, "shed": 31}))
        return False

    viewer = shop.open()
    pass_through(viewer, down=gap)
    shop.start(viewer)
    until(viewer, "told.quality.length === 2")
    before, after = viewer.evaluate("told.quality.flat()")
    assert 0 < before["roundTripMs"] < 5000
    assert (before["gaps"], after["gaps"], after["isSlow"]) == (0, 1, True)
    assert viewer.evaluate("told.push") == [[{"type": "gap", "room": shop.room, "shed": 31}]]


def test_a_connection_that_falls_silent_is_left(shop: Shop) -> None:
    is_silent = False

    def swallow(_: WebSocketRoute, message: dict[str, Any]) -> bool:
        return not is_silent

    viewer = shop.open()
    viewer.clock.install()
    urls = pass_through(viewer, down=swallow)
    shop.start(viewer)
    viewer.clock.resume()
    until(viewer, "told.quality.length === 1")
    is_silent = True
    viewer.clock.run_for(25_000)
    until(viewer, "told.connection.some(([state]) => state === 'waiting')")
    is_silent = False
    until(viewer, "told.connection.at(-1)[0] === 'in'")
    assert len(urls) > 1


def test_what_a_listener_throws_is_reported_and_what_follows_is_heard(shop: Shop) -> None:
    page = shop.open()
    page.evaluate(
        """async ([url, room]) => {
          const { Client } = await import("/client/index.js");
          window.errors = [];
          addEventListener("error", (event) => {
            event.preventDefault();
            errors.push(event.message);
          });
          const on = { joined: () => { throw new Error("mine"); } };
          window.client = new Client({ url, room, on });
          client.open();
          await client.insist({ type: "ping" });
        }""",
        [shop.server.ws_url, shop.room],
    )
    assert page.evaluate("errors") == ["Uncaught Error: mine"]


def test_a_message_that_does_not_decode_ends_the_connection_and_not_the_client(shop: Shop) -> None:
    def garble(route: WebSocketRoute, message: dict[str, Any]) -> bool:
        if message["type"] == "pong" and len(urls) == 1:
            route.send("not JSON")
        return True

    page = shop.open()
    page.evaluate("addEventListener('error', (event) => event.preventDefault())")
    urls = pass_through(page, down=garble)
    shop.start(page)
    until(page, "told.connection.length === 5")
    assert states(page) == ["connecting", "in", "waiting", "connecting", "in"]


def test_the_example_shows_comments_and_what_is_on_sale(shop: Shop, host: Page) -> None:
    host.evaluate("client.insist({ type: 'pin', room: room_, offer: 'peach' })")
    token = shop.server.token("ann", name="Ann")
    page = shop.open(
        f"/client/example.html?room={shop.room}&server={shop.server.url}#token={token}"
    )
    article = page.locator("article", has_text="A box of peach")
    article.get_by_text("CN¥29.90").wait_for()
    path = f"/v1/rooms/{shop.room}/offers/peach"
    shop.http("PATCH", path, {"price_minor": 1990}, shop.host_token)
    article.get_by_text("CN¥19.90").wait_for()
    page.get_by_label("Your comment").fill("<b>two boxes!</b>")
    page.get_by_text("Send").click()
    page.get_by_text("Ann: <b>two boxes!</b>").wait_for()
    host.evaluate("client.insist({ type: 'unpin', room: room_, offer: 'peach' })")
    article.wait_for(state="detached")
