"""docs/money.md: the story it tells is played on a real store, and every number is compared.

The page's own tables say who earns what; what then moves must be what its other tables say.
"""

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from msgspec.structs import replace

from livesrv.commerce import gifts, payouts
from livesrv.ledger import journal
from livesrv.ledger.archive import Archive
from livesrv.ledger.split import Share, split
from livesrv.ledger.statement import party_accounts
from livesrv.ledger.store import Ledger
from livesrv.ledger.take import Take, TakeLine
from livesrv.refusal import Refused
from protocol.messages import Gift
from tests.commerce.market import OPS, Market, person
from tests.commerce.terms import NOW_MS, terms
from tests.embedded import ledger as ledger
from tests.embedded import ledger_store as ledger_store
from tests.ledger.statements import balances, tell

PAGE = Path(__file__).parent.parent / "docs" / "money.md"
NUMBER = re.compile(r"(?<![\w.:-])\d{1,3}(?:,\d{3})*(?![\w:-])")
PRICE, STOCK, ROSES = 2_990, 100, 777
PART, LEFT = 1_000, 1_990
MONEY, COINS = 10_000, 1_000
TAX_BPS, COIN_RATE, COINS_RATED = 2_000, 5_000, 1_000
PER_CENT_BPS = 100

Row = tuple[str, ...]


class Table(NamedTuple):
    """A table of the page, and the heading it stands under."""

    heading: str
    columns: Row
    rows: list[Row]


def tables() -> Iterator[Table]:
    heading, block = "", []
    for line in [*PAGE.read_text().splitlines(), ""]:
        if line.startswith("#"):
            heading = line.lstrip("# ")
        if line.startswith("|"):
            block.append(tuple(cell.strip(" `") for cell in line.strip("|").split("|")))
        elif block:
            yield Table(heading, block[0], block[2:])
            block = []


def table(heading: str) -> Table:
    (found,) = [each for each in tables() if each.heading == heading]
    return found


def number(text: str) -> int:
    return int(text.replace("−", "-").replace(",", "").replace("+", ""))


def shown(amount: int) -> str:
    return f"{amount:,}".replace("-", "−")


def rates(heading: str) -> dict[str, int]:
    """A rate card of the page, but for who gets the rest."""
    rows = [row for row in table(heading).rows if row[2] != "the rest"]
    return {role: number(bps) for role, _, bps in rows}


class Story:
    """Plays the steps of the page, one after the other, and notes what moved in each."""

    def __init__(self, ledger: Ledger, archive: Archive) -> None:
        self.ledger = ledger
        self.archive = archive
        self.market = Market(
            ledger,
            terms(
                order_card_bps={"platform": 500, "host": 1000},
                gift_card_bps={**rates("The gift's card"), "host": 5_000},
                gifts={"rose": 1},
                payout_tax_bps=TAX_BPS,
            ),
        )
        self.orders: list[str] = []
        self._place = 0

    async def play(self) -> dict[str, list[Row]]:
        """Each step's movements as rows: entry, account, asset, amount, balance."""
        steps = {
            "1. Before the show": self.prepare,
            "2. Lan orders a box": self.order,
            "3. Lan sends roses": self.give,
            "4. Commission": self.market.settle,
            "5. A part of the money goes back": self.refund_part,
            "6. The return window closes": self.close_window,
            "7. Sun is paid out": self.pay_sun,
            "8. The rest of the money goes back": self.refund_rest,
            "9. Coins become money": self.pay_mei,
            "10. The next sale pays the debt": self.sell_again,
        }
        await self.open()
        moved = {}
        for heading, step in steps.items():
            await step()
            moved[heading] = [row async for row in self.moved()]
        return moved

    async def moved(self) -> AsyncIterator[Row]:
        """What moved since it was last asked."""
        async for line in journal.walk(self.ledger.store, self._place):
            self._place = line.place
            for leg, after in zip(line.entry.legs, line.after, strict=True):
                if int(leg.amount):
                    amounts = (shown(int(leg.amount)), shown(after))
                    yield (line.entry.kind, leg.account, leg.asset, *amounts)

    async def open(self) -> None:
        """Sun lets Bo, and Bo lets Mei, sell what is Sun's; Mei's show begins."""
        await self.market.room("hill", host="mei")
        await self.market.consent("sun", "bo")
        await self.market.consent("bo", "mei")
        rate = payouts.NewCoinRate(currency="CNY", from_ms=NOW_MS - 1, minor_per_1000=COIN_RATE)
        await payouts.add_coin_rate(self.ledger, OPS, rate)

    async def prepare(self) -> None:
        await self.market.offer(
            "peach", room="hill", seller="sun", broker="bo", price_minor=PRICE, stock=STOCK
        )
        await self.market.card("offer", "hill/peach", **rates("The box's card"))
        await self.market.fund("lan", MONEY)
        await self.market.fund("lan", COINS, "COIN")

    async def order(self) -> None:
        placed = await self.market.buy("lan", room="hill", key=f"box-{len(self.orders) + 1}")
        self.orders.append(placed.order)

    async def give(self) -> None:
        roses = Gift(id=1, room="hill", gift="rose", key="c1", count=ROSES)
        await gifts.give(
            self.ledger, person("lan"), roses, terms=self.market.terms, now_ms=self.market.now_ms
        )

    async def refund_part(self) -> None:
        await self.market.refund(self.orders[0], PART, key="bruised")

    async def close_window(self) -> None:
        await self.market.through_life(self.orders[-1])

    async def pay_sun(self) -> None:
        await self.market.pay_out("sun", 1_612, key="november")

    async def refund_rest(self) -> None:
        await self.market.refund(self.orders[0], key="rotten")
        with pytest.raises(Refused, match="not so much is available"):
            await self.market.pay_out("sun", 1, key="no")

    async def pay_mei(self) -> None:
        await self.market.pay_out("mei", 388, "COIN", into="CNY", key="coins")

    async def sell_again(self) -> None:
        await self.order()
        await self.market.settle()
        await self.close_window()


@pytest.fixture
async def story(ledger: Ledger, tmp_path: Path) -> Story:
    return Story(ledger, Archive(tmp_path / "archive"))


async def test_every_step_of_the_page_moves_what_the_page_says(story: Story) -> None:
    for heading, rows in (await story.play()).items():
        assert table(heading).columns == ("entry", "account", "asset", "moves", "then holds")
        assert table(heading).rows == rows, heading


async def test_the_page_ends_with_the_balances_of_the_store(story: Story) -> None:
    await story.play()
    held = await balances(story.ledger.store)
    rows = [(*pair, shown(held[pair])) for pair in sorted(held) if held[pair]]
    assert table("What everybody holds now").rows == rows
    assert await story.market.breaches() == []


async def test_the_statement_and_the_take_on_the_page_are_those_of_the_story(
    story: Story,
) -> None:
    await story.play()
    told = await tell(story.ledger.store, story.archive, *party_accounts("sun"))
    rows = [
        (
            line.kind,
            line.account,
            line.reference.replace(story.orders[0], "BOX-1").replace(story.orders[1], "BOX-2"),
            shown(line.amount_minor),
            shown(line.balance_minor),
        )
        for line in told.lines
    ]
    assert table("Sun's statement").rows == rows
    take = Take()
    days: list[TakeLine] = []
    accounts = party_accounts("@platform")
    for line in (await tell(story.ledger.store, story.archive, *accounts)).lines:
        days += take.feed(replace(line, at_ms=0))  # it may be midnight
    days += take.finish()
    assert table("What the platform took").rows == [
        (
            day.room,
            day.currency,
            *map(shown, (day.orders_minor, day.gifts_minor, day.refunds_minor, day.take_minor)),
        )
        for day in days
    ]


def test_the_price_is_split_as_the_page_explains() -> None:
    card = rates("The box's card")
    card["seller"] = 10_000 - sum(card.values())
    shares = [Share(role, role, rate_bps) for role, rate_bps in card.items()]
    assert table("How the price is split").rows == [
        (
            share.role,
            shown(share.rate_bps),
            f"{PRICE * share.rate_bps / 10_000:,.1f}",
            shown(PRICE * share.rate_bps // 10_000),
            shown(part),
        )
        for share, part in zip(shares, split(PRICE, shares), strict=True)
    ]


async def test_every_number_in_the_storys_words_is_one_of_the_story(story: Story) -> None:
    text = PAGE.read_text().partition("## A story in numbers")[2].partition("## Check it")[0]
    known = {PRICE, STOCK, ROSES, PART, LEFT, TAX_BPS, COIN_RATE, COINS_RATED, PER_CENT_BPS}
    told = {shown(each) for each in known}
    for rows in (await story.play()).values():
        told |= {cell.lstrip("−") for row in rows for cell in row[3:]}
    words = re.sub(r"^\|.*$|^#.*$|`[^`]*`", "", text, flags=re.M)
    assert [found for found in NUMBER.findall(words) if found not in told] == []
