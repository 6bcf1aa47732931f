"""Names and texts made to break the page are text, and stay in their place."""

import pytest
from playwright.sync_api import expect

from tests.server import Server
from tests.web.hostile import NAMES, TEXTS
from tests.web.people import Host, Person
from tests.web.visit import SMALL_PHONE, Visitors

MEASURE = """() => {
  const box = (node) => node.getBoundingClientRect();
  const reel = box(document.querySelector(".reel"));
  const rows = [...document.querySelectorAll(".row")].map((row) => [row, box(row)]);
  const wrong = [];
  for (const [index, [row, at]] of rows.entries()) {
    const name = row.textContent.slice(0, 40);
    if (at.left < reel.left - 1 || at.right > reel.right + 1) wrong.push(`${name} is too wide`);
    if (at.height > 72) wrong.push(`${name} is ${at.height} high`);
    const style = getComputedStyle(row);
    if (!style.contain.includes("paint") && style.contain !== "content") wrong.push(style.contain);
    if (index > 0 && at.top < rows[index - 1][1].bottom) wrong.push(`${name} overlaps`);
    for (const part of row.querySelectorAll(".avatar, p")) {
      const bursts = box(part).right > at.right + 1 || box(part).left < at.left - 1;
      if (bursts) wrong.push(`${name} bursts`);
    }
  }
  for (const bar of document.querySelectorAll(".top, .second, .bar")) {
    const isPushed = box(bar).height > 80 || box(bar).right > innerWidth + 1;
    if (isPushed) wrong.push(`${bar.className} is pushed`);
  }
  if (document.documentElement.scrollWidth > innerWidth) wrong.push("the page is too wide");
  return wrong;
}"""


@pytest.mark.parametrize("language", ["en", "ar"])
def test_hostile_names_and_texts_are_shown_as_text_and_break_nothing(
    server: Server, visitors: Visitors, language: str
) -> None:
    host = Host(server, name=NAMES["override"], title=TEXTS["zalgo"][:120])
    page = visitors.open(host.url, size=SMALL_PHONE, language=language, reduced_motion="reduce")
    expect(page.locator("#show")).to_have_attribute("data-connection", "in")
    said = all_say_something(server, host.room)
    expect(page.locator(".row")).to_have_count(len(said))
    assert sorted(page.locator(".row .text").all_text_contents()) == sorted(said)
    assert page.title() == TEXTS["zalgo"][:120]
    assert page.locator(".row").locator("script, img, b, svg").count() == 0
    assert page.evaluate(MEASURE) == []


def all_say_something(server: Server, room: str) -> list[str]:
    """Each name says a text or two; what was said, as a server takes it."""
    texts = list(TEXTS.values())
    for number, name in enumerate(NAMES.values()):
        with Person(server, name=name).online() as line:
            line.join(room)
            for text in texts[number :: len(NAMES)]:
                line.comment(room, text)
    return [text.strip() for text in texts]


def test_what_flies_and_what_is_bought_stays_in_its_place_too(
    server: Server, visitors: Visitors
) -> None:
    host = Host(server, title=TEXTS["long word"][:120])
    host.offer(title=TEXTS["zalgo"][:120])
    page = visitors.open(host.url, size=SMALL_PHONE, reduced_motion="reduce")
    expect(page.locator("#show")).to_have_attribute("data-connection", "in")
    for name in ("zalgo", "long word"):
        giver = Person(server, name=NAMES[name])
        giver.topup(10, "COIN")
        with giver.online() as line:
            line.ask("gift", room=host.room, gift="rose", key="streak", count=7)
    expect(page.locator(".banner:visible")).to_have_count(2)
    for banner in page.locator(".banner:visible").all():
        box = banner.bounding_box()
        assert box is not None
        assert box["height"] <= 41
        assert box["width"] <= SMALL_PHONE["width"] * 0.8
    assert page.evaluate(MEASURE) == []
