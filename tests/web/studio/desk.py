"""A host at the studio, on a small phone without a keyboard; and what viewers hear of it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from playwright.sync_api import Locator, Page, expect

from tests.server import Server
from tests.web.people import Host, Line, Message, Person, fresh
from tests.web.visit import SMALL_PHONE, Visitors


class Studio:
    """The page, and how often it was tapped."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.taps = 0

    def find(self, selector: str) -> Locator:
        return self.page.locator(selector)

    def tap(self, selector: str) -> None:
        self.taps += 1
        self.find(selector).tap()

    def expect_live(self) -> None:
        expect(self.find("#studio[data-screen=live][data-connection=in]")).to_be_visible()

    def expect_home(self) -> None:
        expect(self.find("#studio[data-screen=home]")).to_be_visible()

    def expect_toast(self, words: str) -> None:
        expect(self.find("#toast")).to_contain_text(words)

    def end_show(self) -> None:
        self.tap("#stop")
        self.tap("#end")
        expect(self.find("#summary")).to_be_visible()


def open_studio(
    server: Server, visitors: Visitors, token: str | None = None, language: str = "en"
) -> Studio:
    url = f"{server.url}/studio"
    page = visitors.open(
        url, token=token, size=SMALL_PHONE, language=language, has_touch=True, is_mobile=True
    )
    return Studio(page)


def on_air(server: Server, visitors: Visitors, host: Host) -> Studio:
    """The studio of a host who is live already."""
    studio = open_studio(server, visitors, host.token)
    studio.expect_live()
    return studio


@contextmanager
def viewer(server: Server, room: str, name: str = "Lan") -> Iterator[tuple[Person, Line]]:
    """Somebody with money who is in the room."""
    person = Person(server, name=name, user=fresh("viewer"))
    person.topup(100_000, "CNY")
    person.topup(1_000, "COIN")
    with person.online() as line:
        line.join(room)
        yield person, line


def heard(line: Line, type_: str, holds: Callable[[Message], object] = lambda _: True) -> Message:
    """The next event of a type for which something holds. Whatever came before it is forgotten."""
    while True:
        message = line.pushes.pop(0) if line.pushes else line.hear()
        for event in message.get("events", []):
            if event["type"] == type_ and holds(event):
                found: Message = event
                return found


def buy(line: Line, room: str, offer: str, total_minor: int, quantity: int = 1) -> str:
    """Order; the order's id."""
    lines = [{"offer": offer, "quantity": quantity}]
    terms = {"key": fresh("o"), "lines": lines, "total_minor": total_minor, "currency": "CNY"}
    order: str = line.ask("order", room=room, **terms)["order"]
    return order
