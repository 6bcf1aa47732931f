"""The waterfall: whatever falls, all of it is shown or counted; and one can read it."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.server import Server
from tests.web.people import Host, Person
from tests.web.visit import Visitors

ROWS_MAX = 30
WAITING_MAX = 200
TAKE_OVER = """async () => {
  const section = document.querySelector(".fall").cloneNode(true);
  document.querySelector(".fall").replaceWith(section);
  section.querySelector(".rows").replaceChildren();
  section.querySelector(".more").hidden = section.querySelector(".latest").hidden = true;
  const room = document.querySelector("script[type=module]").src;
  const { Waterfall } = await import(new URL("waterfall.js", room).href);
  window.paces = [];
  window.fall = new Waterfall(section, { paced: (isBusy) => paces.push(isBusy) });
  const { missed } = fall;
  window.left = 0;
  fall.missed = function (number) {
    left += number;
    missed.call(this, number);
  };
  window.frame = () => new Promise((resolve) => requestAnimationFrame(() => resolve()));
  let last = 0;
  const user = { id: "lan", name: "Lan", badges: [] };
  window.say = (times, from = {}) => {
    for (let i = 0; i < times; i += 1) {
      last += 1;
      fall.comment({ comment: `c${last}`, user: { ...user, ...from }, text: `words ${last}` });
    }
  };
  window.shown = () => [...document.querySelectorAll(".row .text")].map((node) => node.textContent);
}"""
WATCH = """async ([seconds, per_s]) => {
  const nodes = new Set(), ids = new Set();
  let said = 0;
  const startedAt = performance.now();
  const timer = setInterval(() => {
    const due = Math.min(seconds, (performance.now() - startedAt) / 1000) * per_s;
    const times = Math.floor(due) - said;
    say(times);
    said += times;
  }, 50);
  const look = async () => {
    await frame();
    for (const row of document.querySelectorAll(".row")) nodes.add(row) && ids.add(row.dataset.id);
  };
  while (said < seconds * per_s) await look();
  clearInterval(timer);
  await look();
  await look();
  return { nodes: nodes.size, shown: ids.size, said, left };
}"""


@pytest.fixture(scope="module")
def page(server: Server, browser: Browser) -> Iterator[Page]:
    """A room's page whose waterfall is in the test's hands: `say`, `shown`, `fall`."""
    host, visitors = Host(server), Visitors(browser)
    page = visitors.open(host.url)
    expect(page.locator("#show")).to_have_attribute("data-connection", "in")
    yield page
    visitors.leave()


@pytest.fixture(autouse=True)
def taken_over(page: Page) -> None:
    page.evaluate(TAKE_OVER)


def counted(page: Page) -> int:
    """How many the page says it has left out."""
    if not page.locator(".more").is_visible():
        return 0
    text = page.locator(".more .unseen").text_content() or ""
    return int(re.sub(r"\D", "", text))


def say(page: Page, times: int, **user: Any) -> None:
    page.evaluate("async ([times, user]) => { say(times, user); await frame(); }", [times, user])


def shown(page: Page) -> list[str]:
    words: list[str] = page.evaluate("shown()")
    return words


def test_at_two_hundred_a_second_all_is_shown_or_counted_on_thirty_nodes(page: Page) -> None:
    seen = page.evaluate(WATCH, [2, 200])
    assert seen["said"] == 400
    assert seen["nodes"] <= ROWS_MAX
    assert seen["shown"] + seen["left"] == seen["said"]
    assert shown(page)[-1] == "words 400"
    assert page.evaluate("paces[0]") is True
    page.wait_for_function("() => paces.at(-1) === false")


def test_of_a_frame_with_more_than_fits_the_last_is_shown_and_the_rest_counted(page: Page) -> None:
    say(page, 100)
    assert shown(page) == [f"words {number}" for number in range(71, 101)]
    assert counted(page) == 70
    expect(page.locator(".more b")).to_have_text("+70")
    expect(page.locator(".more")).to_be_hidden(timeout=10_000)


def test_ones_own_words_are_not_left_out(page: Page) -> None:
    page.evaluate("fall.reset([], 'me')")
    page.evaluate("() => { say(1, { id: 'me' }); say(60); }")
    page.evaluate("frame()")
    assert shown(page)[0] == "words 1"


def test_rows_glide_in_only_while_few_fall(page: Page) -> None:
    say(page, 1)
    expect(page.locator(".row.fresh")).to_have_count(1)
    for _ in range(4):
        say(page, 20)
    expect(page.locator(".row")).to_have_count(ROWS_MAX)
    expect(page.locator(".row.fresh")).to_have_count(0)


@pytest.mark.parametrize("way", ["touch", "wheel", "keyboard", "button"])
def test_who_reads_is_not_disturbed_until_they_go_on(page: Page, way: str) -> None:
    say(page, 30)
    before = shown(page)
    hold(page, way)
    say(page, 14)
    assert shown(page) == before
    expect(page.locator(".latest")).to_have_accessible_name(re.compile("14"))
    expect(page.locator(".pause")).to_have_attribute("aria-pressed", "true")
    page.locator(".latest").click()
    expect(page.locator(".row .text").last).to_have_text("words 44")
    expect(page.locator(".latest")).to_be_hidden()
    page.wait_for_function("() => document.querySelector('.reel').scrollTop > -4")


def hold(page: Page, way: str) -> None:
    reel = page.locator(".reel")
    if way == "touch":
        reel.dispatch_event("pointerdown")
    elif way == "wheel":
        reel.hover()
        page.mouse.wheel(0, -120)
    elif way == "keyboard":
        page.locator("#saver").focus()
        page.keyboard.press("Shift+Tab")
        expect(reel).to_be_focused()
    else:
        page.locator(".pause").click()
    expect(page.locator(".latest")).to_be_visible()


def test_scrolling_back_to_the_end_goes_on(page: Page) -> None:
    say(page, 30)
    scroll = "(by) => document.querySelector('.reel').scrollBy({ top: by, behavior: 'instant' })"
    page.evaluate(scroll, -200)
    expect(page.locator(".latest")).to_be_visible()
    say(page, 1)
    page.evaluate(scroll, 1000)
    expect(page.locator(".row .text").last).to_have_text("words 31")


def test_what_waits_for_a_reader_is_bounded_and_the_rest_counted(page: Page) -> None:
    page.locator(".pause").click()
    say(page, WAITING_MAX + 50)
    assert counted(page) == 50
    expect(page.locator(".latest b")).to_have_text(str(WAITING_MAX))
    page.locator(".pause").click()
    expect(page.locator(".row")).to_have_count(ROWS_MAX)
    assert page.evaluate("left") == 50 + WAITING_MAX - ROWS_MAX


def test_a_removed_comment_goes_wherever_it_is(page: Page) -> None:
    say(page, 3)
    page.locator(".pause").click()
    say(page, 3)
    page.evaluate("() => { fall.remove('c2'); fall.remove('c5'); }")
    page.locator(".latest").click()
    expect(page.locator(".row .text")).to_have_text([f"words {n}" for n in (1, 3, 4, 6)])


def test_a_combo_is_one_line_with_its_latest_count(page: Page) -> None:
    give = """(count) => {
      fall.gift({ user: { id: "bo", name: "Bo", badges: [] }, combo: "k", count }, "🌹");
    }"""
    for number in (1, 2, 3):
        page.evaluate(give, number)
    expect(page.locator(".row.gift")).to_have_count(1)
    expect(page.locator(".row.gift .text")).to_contain_text("×3")
    say(page, 20)
    page.evaluate(give, 4)
    expect(page.locator(".row.gift")).to_have_count(1)
    expect(page.locator(".row").last).to_contain_text("×4")


def test_badges_are_pictures_with_names(page: Page) -> None:
    say(page, 1, badges=["host", "buyer"])
    expect(page.get_by_role("img", name="Host")).to_be_visible()
    expect(page.get_by_role("img", name="Bought here")).to_be_visible()
    say(page, 1, badges=["moderator"])
    expect(page.locator(".row").last.get_by_role("img")).to_have_count(1)
    say(page, 1, badges=["of tomorrow"])
    expect(page.locator(".row").last.get_by_role("img")).to_have_count(0)


def test_a_screen_reader_hears_a_digest_and_at_once_what_matters(
    server: Server, visitors: Visitors
) -> None:
    host, lan = Host(server), Person(server, name="Lan")
    page = visitors.open(host.url, before=lambda blank: blank.clock.install())
    expect(page.locator("#show")).to_have_attribute("data-connection", "in")
    assert page.locator(".fall :is([aria-live], [role=log], [role=status])").count() == 0
    with lan.online() as line:
        line.join(host.room)
        line.comment(host.room, "so sweet!")
        line.comment(host.room, "two boxes")
    expect(page.locator(".row")).to_have_count(2)
    expect(page.locator("#digest")).to_have_text("")
    page.clock.fast_forward(10_000)
    expect(page.locator("#digest")).to_have_text("Comments: 2. Last: Lan: two boxes")
    host.offer(stock=7)
    expect(page.locator("#news")).to_have_text(re.compile("On sale now: .*Hill peaches, .*29.90"))
    host.end()
    expect(page.locator("#news")).to_have_text("The show is over")
