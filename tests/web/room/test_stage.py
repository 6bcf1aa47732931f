"""What stands between the viewer and the show: likes by tapping, the data saver, the connection."""

import json
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, WebSocket, WebSocketRoute, expect

from tests.server import QUICK, Server, serving
from tests.web.people import Host, Person
from tests.web.visit import SMALL_PHONE, Visitors

SLOW_MS = 40_000
THREE_G = """Object.defineProperty(navigator, "connection", {
  value: Object.assign(new EventTarget(), { effectiveType: "3g", saveData: false }),
});"""
MOVING = """() => document.getAnimations()
  .filter(({ playState }) => playState === "running").map(({ animationName }) => animationName)"""
Between = Callable[[WebSocketRoute, dict[str, Any]], bool]
"""Whether the page's command goes on to the server."""


def entered(page: Page) -> Page:
    expect(page.locator("#show")).to_have_attribute("data-connection", "in", timeout=SLOW_MS)
    return page


def between(page: Page, up: Between, routes: list[WebSocketRoute] | None = None) -> None:
    """Stand between a page and the server; `routes` takes its connections as they come."""

    def connect(route: WebSocketRoute) -> None:
        if routes is not None:
            routes.append(route)
        server = route.connect_to_server()

        def from_page(raw: str | bytes) -> None:
            if up(route, json.loads(raw)):
                server.send(raw)

        route.on_message(from_page)

    page.route_web_socket("**/ws", connect)


def let_through(*_: object) -> bool:
    return True


def test_two_quick_taps_on_the_stage_are_a_like_and_one_tap_is_none(
    server: Server, visitors: Visitors
) -> None:
    host, lan = Host(server), Person(server)
    page = entered(visitors.open(host.url, token=lan.token))
    page.mouse.click(200, 300)
    page.wait_for_function("(since) => performance.now() - since > 400", arg=now_ms(page))
    expect(page.locator("#likes")).to_have_text("0")
    page.mouse.dblclick(200, 300)
    expect(page.locator("#likes")).to_have_text("1")
    expect(page.locator("#hearts .tapped")).to_have_count(1)
    page.locator("#like").click()
    expect(page.locator("#likes")).to_have_text("2")
    expect(entered(visitors.open(host.url)).locator("#likes")).to_have_text("2")


def now_ms(page: Page) -> float:
    return float(page.evaluate("performance.now()"))


def hear_joins(page: Page, joins: list[dict[str, Any]]) -> None:
    """Put the `join` commands that a page sends into `joins`."""

    def hear(socket: WebSocket) -> None:
        socket.on("framesent", lambda raw: take(json.loads(raw)))

    def take(command: dict[str, Any]) -> None:
        if command["type"] == "join":
            joins.append(command)

    page.on("websocket", hear)


def test_the_data_saver_asks_for_less_stills_the_page_and_is_remembered(
    server: Server, visitors: Visitors
) -> None:
    joins: list[dict[str, Any]] = []
    page = visitors.open(Host(server).url, before=lambda blank: hear_joins(blank, joins))
    entered(page)
    assert "sway" in page.evaluate(MOVING)
    page.get_by_role("button", name="Data saver").click()
    expect(page.locator("#note")).to_have_text("Data saver is on")
    expect(page.get_by_role("button", name="Data saver", pressed=True)).to_be_visible()
    assert page.evaluate(MOVING) == []
    page.wait_for_function("() => document.querySelector('#note').matches('.said')")
    assert [join.get("saver", False) for join in joins] == [False, True]
    page.reload()
    entered(page)
    assert joins[-1]["saver"] is True
    page.get_by_role("button", name="Data saver").click()
    expect(page.locator("#note")).to_have_text("Data saver is off")
    assert "sway" in page.evaluate(MOVING)


def test_a_slow_network_puts_the_data_saver_on_unless_one_does_not_want_it(
    server: Server, visitors: Visitors
) -> None:
    page = visitors.open(Host(server).url, before=lambda blank: blank.add_init_script(THREE_G))
    expect(page.locator("#note")).to_have_text("Data saver is on: the line is slow")
    page.get_by_role("button", name="Data saver").click()
    expect(page.locator("#note")).to_have_text("Data saver is off")
    entered(page).reload()
    expect(entered(page).get_by_role("button", name="Data saver", pressed=False)).to_be_visible()


def test_what_the_server_skips_shows_a_slow_line_and_puts_the_data_saver_on(
    server: Server, visitors: Visitors
) -> None:
    host, routes = Host(server), list[WebSocketRoute]()
    page = visitors.open(host.url, before=lambda blank: between(blank, let_through, routes))
    entered(page)
    expect(page.locator("#line")).to_be_hidden()
    for shed in (7, 8):
        gap = {"type": "gap", "room": host.room, "shed": shed}
        routes[0].send(json.dumps(gap))
    expect(page.locator("#line")).to_have_text("Slow line")
    expect(page.locator(".more b")).to_have_text("+15")
    expect(page.locator("#show")).to_have_attribute("data-saver", "on")


def test_a_busy_server_is_shown_and_forgotten(server: Server, visitors: Visitors) -> None:
    def refuse(route: WebSocketRoute, command: dict[str, Any]) -> bool:
        if command["type"] != "comment":
            return True
        error = {"type": "error", "id": command["id"], "code": "busy", "message": "later"}
        route.send(json.dumps({**error, "retry_after_ms": 100}))
        return False

    def prepare(blank: Page) -> None:
        blank.clock.install()
        between(blank, refuse)

    lan = Person(server)
    page = entered(visitors.open(Host(server).url, token=lan.token, before=prepare))
    page.locator("#text").fill("hello")
    page.keyboard.press("Enter")
    expect(page.locator("#line")).to_have_text("Very busy")
    expect(page.locator("#text")).to_have_value("hello")
    page.clock.fast_forward(10_000)
    expect(page.locator("#line")).not_to_have_text("Very busy")


def test_without_a_network_the_page_says_so_and_comes_back_by_itself(
    server: Server, visitors: Visitors
) -> None:
    host, routes = Host(server), list[WebSocketRoute]()
    page = visitors.open(host.url, before=lambda blank: between(blank, let_through, routes))
    entered(page)
    page.context.set_offline(True)
    routes[0].close(code=1001)
    expect(page.locator("#connection-words")).to_have_text("No network")
    page.context.set_offline(False)
    entered(page)


@pytest.mark.parametrize("language", ["en", "ar"])
def test_at_320_pixels_everything_can_be_reached(
    server: Server, visitors: Visitors, language: str
) -> None:
    host = Host(server)
    host.offer()
    page = entered(visitors.open(host.url, size=SMALL_PHONE, language=language))
    with Person(server).online() as line:
        line.join(host.room)
        for number in range(12):
            line.comment(host.room, f"so sweet {number}")
    expect(page.locator(".row")).to_have_count(12)
    page.locator(".pause").click()
    for button in page.locator(".fall button:visible").all():
        box = button.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 44
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= SMALL_PHONE["width"]
        button.click(trial=True)


@pytest.fixture(scope="module")
def fragile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that may be killed in parts."""
    with serving(tmp_path_factory.mktemp("fragile"), {**QUICK, "workers": 1}) as running:
        yield running
        running.audit()


def hear_events(page: Page, numbers: list[int]) -> None:
    """Put the numbers of the reliable events that a page is told into `numbers`."""

    def hear(socket: WebSocket) -> None:
        socket.on("framereceived", lambda raw: take(json.loads(raw)))

    def take(message: dict[str, Any]) -> None:
        if message["type"] == "batch":
            numbers.extend(event["seq"] for event in message["events"])

    page.on("websocket", hear)


def test_a_killed_worker_is_seen_to_be_away_and_nothing_is_missed(
    fragile: Server, visitors: Visitors
) -> None:
    host, bo = Host(fragile), Person(fragile, name="Bo")
    bo.topup(100, "COIN")
    told = list[int]()
    page = entered(visitors.open(host.url, before=lambda blank: hear_events(blank, told)))
    give(bo, host.room, "before", times=3)
    expect(page.locator(".gifters .coins")).to_have_text("3")
    page.evaluate("window.isTheSame = true")
    fragile.kill("worker-0", signal.SIGKILL)
    expect(page.locator("#connection-words")).to_have_text("Reconnecting…")
    entered(page)
    give(bo, host.room, "after", times=4)
    expect(page.locator(".gifters .coins")).to_have_text("7")
    assert told == list(range(told[0], told[0] + 7))
    expect(page.locator(".row.gift")).to_have_count(2)
    assert page.evaluate("window.isTheSame")


def give(person: Person, room: str, combo: str, *, times: int) -> None:
    with person.online() as line:
        for count in range(1, times + 1):
            line.ask("gift", room=room, gift="rose", key=combo, count=count)
