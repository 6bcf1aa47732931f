"""Statements: what they tell of a line, what they refuse to tell, and what they need not read."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from redis.asyncio import Redis

from livesrv.ledger import reading
from livesrv.ledger.about import UNOPENED, Mismatch, Posted, bounds, opened
from livesrv.ledger.accountant import batch_entry
from livesrv.ledger.archive import Archive, Draft
from livesrv.ledger.entry import ABSENT, GIFTS_UNSETTLED, ORDERS_UNSETTLED, Entry, Line, leg
from livesrv.ledger.segment import ArchiveError, Segment
from livesrv.ledger.split import Due, Portion, Share
from livesrv.ledger.statement import Statement, StatementLine, party_accounts
from livesrv.ledger.store import Ledger
from livesrv.ledger.take import DAY_MS, Take, TakeLine

from .books import accountant, archiver, fill, gift, seal_whole
from .statements import balances, tell

CARD = (
    Share("platform", "@platform", 500),
    Share("host", "mei", 1000),
    Share("seller", "sun", 8500),
)
CARRIED = Due(ORDERS_UNSETTLED, "CNY", (Portion(101, CARD), Portion(1_050, CARD, carriage=50)))
OWN = Due(
    ORDERS_UNSETTLED,
    "CNY",
    (Portion(100, (Share("host", "mei", 1), Share("seller", "mei", 9_999))),),
)


class Journal:
    """Lines as a ledger would have posted them, each at a moment of its own."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self._held: dict[tuple[str, str], int] = {}

    def post(self, entry: Entry, at_ms: int) -> Posted:
        after = []
        for account, asset, amount, _ in entry.legs:
            balance = self._held.get((account, asset), 0) + int(amount)
            self._held[account, asset] = balance
            after.append(balance)
        place = len(self.lines) + 1
        line = Line(place=place, room_seq=0, at_ms=at_ms, after=tuple(after), entry=entry)
        self.lines.append(line)
        return opened(UNOPENED.decode(msgspec.json.encode(line)))

    def topup(self, user: str, amount: int, at_ms: int) -> Posted:
        number = len(self.lines)
        legs = [leg(f"wallet:{user}", "CNY", amount), leg("world", "CNY", -amount)]
        return self.post(Entry(id=f"t{number}", fingerprint="t", kind="topup", legs=legs), at_ms)

    def sale(self, due: Due, at_ms: int, **facts: Any) -> Posted:
        """A line that leaves a due behind; its facts make it an order's, unless they say more."""
        gross = due.gross
        legs = [leg("wallet:lan", due.asset, -gross), leg(due.account, due.asset, gross)]
        kind = facts.pop("kind", "order")
        told = {"order": f"o{len(self.lines)}", "lines": [["peach", 2]], **facts, "due": due}
        id_ = f"s{len(self.lines)}"
        return self.post(
            Entry(id=id_, fingerprint="s", kind=kind, room="hill", legs=legs, facts=told), at_ms
        )

    def batch(self, dues: Sequence[Due], at_ms: int) -> Posted:
        return self.post(batch_entry(ABSENT, len(self.lines), dues), at_ms)

    def write(self, archive: Archive, *lengths: int) -> list[Segment]:
        """Bring the lines into segments of these lengths."""
        archive.directory.mkdir(exist_ok=True)
        lines, digest, segments = iter(self.lines), "", []
        for length in lengths:
            with Draft(archive, archive.last_place() + 1, digest) as draft:
                for _ in range(length):
                    draft.add(msgspec.json.encode(next(lines)) + b"\n")
                segment, digest = draft.publish()
            segments.append(segment)
        assert next(lines, None) is None
        return segments


def statement(*accounts: str, **held: int) -> Statement:
    pairs = {(account, "CNY"): held.get("held", 0) for account in accounts}
    return Statement(accounts, "", pairs)


def said(lines: Sequence[StatementLine]) -> list[tuple[str, int, str]]:
    return [(line.reference, line.amount_minor, line.note) for line in lines]


# --- what a line says


def test_a_batch_is_told_sale_by_sale_with_the_rates_it_was_split_by() -> None:
    journal = Journal()
    sales = [journal.sale(CARRIED, 1), journal.sale(OWN, 1)]
    batch = journal.batch([CARRIED, OWN], 2)
    told = list(statement("pending:mei").tell(batch, 2, sales))
    assert said(told) == [
        ("order:o0", 10 + 100, "peach x 2; host 1000 bps of 101, host 1000 bps of 1000"),
        ("order:o1", 100, "peach x 2; host 1 bps of 100, seller 9999 bps of 100"),
    ]
    assert [line.sale_place for line in told] == [1, 2]
    assert {(line.place, line.kind, line.room) for line in told} == {(3, "commission", "hill")}
    seller = list(statement("pending:sun").tell(batch, 2, sales))
    assert said(seller)[0][1:] == (
        86 + 850 + 50,
        "peach x 2; seller 8500 bps of 101, seller 8500 bps of 1000 and carriage 50",
    )


def test_a_gift_is_told_by_giver_and_combo() -> None:
    journal = Journal()
    due = Due(GIFTS_UNSETTLED, "COIN", (Portion(7, CARD),))
    gift = {"user": {"id": "bo", "name": "=1+1"}, "gift": "rose", "combo": "c", "added": 7}
    sale = journal.sale(due, 1, kind="gift", **gift)
    (own,) = statement("wallet:lan").tell(sale, 1)
    assert (own.reference, own.note, own.amount_minor) == ("gift:bo:c", "rose x 7", -7)
    (part,) = statement("pending:mei").tell(journal.batch([due], 2), 2, [sale])
    assert (part.reference, part.note) == ("gift:bo:c", "rose x 7; host 1000 bps of 7")


def test_an_account_of_money_that_waits_is_told_sale_by_sale_too() -> None:
    journal = Journal()
    sales = [journal.sale(CARRIED, 1), journal.sale(OWN, 1)]
    told = statement(ORDERS_UNSETTLED, held=1_251)
    lines = list(told.tell(journal.batch([CARRIED, OWN], 2), 2, sales))
    assert [line.amount_minor for line in lines] == [-1_151, -100]
    assert told.balances == {(ORDERS_UNSETTLED, "CNY"): 0}


def test_a_leg_that_only_reads_a_balance_is_no_movement() -> None:
    journal = Journal()
    journal.topup("lan", 5, 1)
    peek = journal.post(
        Entry(id="h", fingerprint="h", kind="hold", legs=[leg("wallet:lan", "CNY", 0)]), 2
    )
    told = statement("wallet:lan", held=5)
    assert told.touches(peek)
    assert list(told.tell(peek, 2)) == []


def test_one_currency_is_told_alone() -> None:
    journal = Journal()
    line = journal.topup("lan", 5, 1)
    assert list(Statement(["wallet:lan"], "COIN", {}).tell(line, 1)) == []
    assert len(list(Statement(["wallet:lan"], "CNY", {}).tell(line, 1))) == 1


# --- what is not told


def test_a_batch_that_is_not_the_sum_of_its_sales_is_not_told() -> None:
    journal = Journal()
    sales = [journal.sale(CARRIED, 1), journal.sale(OWN, 1)]
    batch = journal.batch([CARRIED], 2)
    with pytest.raises(Mismatch, match=r"place 3 moves pending:mei CNY by 110, .* come to 210"):
        list(statement("pending:mei").tell(batch, 2, sales))


def test_a_balance_that_does_not_follow_is_not_told() -> None:
    journal = Journal()
    journal.topup("lan", 5, 1)
    line = journal.topup("lan", 7, 2)
    with pytest.raises(Mismatch, match=r"place 2 moves wallet:lan CNY by 7 from 0, .* notes 12"):
        statement("wallet:lan").pass_over(line)


@pytest.mark.parametrize("facts", [{}, {"from": 0}, {"from": 0, "upto": 9}, {"from": 2, "upto": 1}])
def test_a_batch_without_sensible_bounds_is_not_told(facts: dict[str, int]) -> None:
    batch = Journal().post(Entry(id="c", fingerprint="c", kind="commission", facts=facts), 1)
    with pytest.raises(Mismatch, match="place 1"):
        bounds(batch)


# --- what is read


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "archive")


@pytest.fixture
def empty(ledger: Ledger) -> Redis:
    """A store whose journal is wholly in the archive and trimmed away, as far as one can see."""
    return ledger.store


def damage(segment: Segment) -> None:
    segment.path.write_bytes(b"no gzip at all")


async def test_what_the_archive_holds_and_what_the_store_holds_make_one_statement(
    ledger: Ledger, archive: Archive
) -> None:
    await fill(ledger, 95)
    whole = await tell(ledger.store, archive, *party_accounts("h"))
    await seal_whole(archiver(ledger, archive))
    assert len(archive.segments()) == 4
    assert await tell(ledger.store, archive, *party_accounts("h")) == whole
    assert whole.closing["pending:h", "COIN"] == (await balances(ledger.store))["pending:h", "COIN"]
    assert len(whole.lines) == 87


async def test_a_period_begins_at_its_first_line_even_when_the_clock_steps_back(
    empty: Redis, archive: Archive
) -> None:
    journal = Journal()
    for at_ms in (10, 20, 30, 15, 25, 40):
        journal.topup("lan", at_ms, at_ms)
    journal.write(archive, 2, 2, 2)
    for cut_ms in (25, 30):
        early = await tell(empty, archive, "wallet:lan", to_ms=cut_ms, currency="CNY")
        late = await tell(empty, archive, "wallet:lan", from_ms=cut_ms, currency="CNY")
        assert [line.amount_minor for line in early.lines] == [10, 20]
        assert [(line.amount_minor, line.at_ms) for line in late.lines] == [
            *((30, 30), (15, 30), (25, 30), (40, 40))
        ]
        assert late.opening == early.closing == {("wallet:lan", "CNY"): 30}


async def test_the_clock_of_a_segment_that_is_not_read_counts_too(
    empty: Redis, archive: Archive
) -> None:
    journal = Journal()
    for user, at_ms in (("lan", 10), ("mo", 50), ("lan", 20)):
        journal.topup(user, 1, at_ms)
    journal.write(archive, 1, 1, 1)
    told = await tell(empty, archive, "wallet:lan", from_ms=30, currency="CNY")
    assert [(line.place, line.at_ms) for line in told.lines] == [(3, 50)]


async def test_segments_before_the_period_and_without_the_account_are_not_read(
    empty: Redis, archive: Archive
) -> None:
    journal = Journal()
    for number, user in enumerate(["lan", "lan", "mo", "mo", "lan", "mo"]):
        journal.topup(user, 1 + number, 10 * number)
    before, without, within = journal.write(archive, 2, 2, 2)
    damage(before)
    damage(without)
    told = await tell(empty, archive, "wallet:lan", from_ms=20, currency="CNY")
    assert told.opening == {("wallet:lan", "CNY"): 3}
    assert [line.amount_minor for line in told.lines] == [5]
    damage(within)
    with pytest.raises(ArchiveError, match="damaged"):
        await tell(empty, archive, "wallet:lan", from_ms=20, currency="CNY")


async def test_a_lost_or_damaged_index_is_made_again(empty: Redis, archive: Archive) -> None:
    journal = Journal()
    for number in range(6):
        journal.topup("lan", 1, number)
    first, second, _ = journal.write(archive, 2, 2, 2)
    first.index_path.unlink()
    second.index_path.write_bytes(b"\x1f\x8b no index")
    told = await tell(empty, archive, "wallet:lan", from_ms=3, currency="CNY")
    assert told.opening == {("wallet:lan", "CNY"): 3}
    assert len(told.lines) == 3


async def test_an_archive_with_a_hole_is_not_told(empty: Redis, archive: Archive) -> None:
    journal = Journal()
    for number in range(6):
        journal.topup("lan", 1, number)
    _, second, _ = journal.write(archive, 2, 2, 2)
    second.path.unlink()
    with pytest.raises(ArchiveError, match="no segment that starts at place 3"):
        await tell(empty, archive, "wallet:lan", currency="CNY")


async def test_sales_of_before_the_period_are_told_where_their_batch_is(
    ledger: Ledger, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "FAR_LINES", 3)
    await fill(ledger, 60)
    for number in range(100, 105):
        await ledger.post(gift(number))
    await accountant(ledger).settle()
    await seal_whole(archiver(ledger, archive, segment_lines=33, keep_lines=1), 33)
    whole = await tell(ledger.store, archive, "pending:h")
    late = await tell(ledger.store, archive, "pending:h", behind=60)
    assert [line.sale_place for line in whole.lines] == [*range(8, 60), *range(61, 66)]
    assert late.lines == whole.lines[-5:]
    assert late.opening == {("pending:h", "COIN"): whole.lines[-6].balance_minor}


async def test_statements_told_while_books_are_written_and_archived_go_on_from_each_other(
    ledger: Ledger, archive: Archive
) -> None:
    await fill(ledger, 20)

    async def write() -> None:
        for number in range(100, 350):
            await ledger.post(gift(number))
            if number % 10 == 0:
                await accountant(ledger).settle()
                await seal_whole(archiver(ledger, archive))

    writing, count = asyncio.create_task(write()), 0
    before = await tell(ledger.store, archive, *party_accounts("h"))
    while not writing.done():
        told = await tell(ledger.store, archive, *party_accounts("h"))
        assert told.lines[: len(before.lines)] == before.lines
        before, count = told, count + 1
    await writing
    assert count > 3
    assert len(archive.segments()) > 5


async def test_an_account_is_told_in_every_asset_it_ever_held(
    ledger: Ledger, archive: Archive
) -> None:
    await fill(ledger, 30)
    for account in ("world", GIFTS_UNSETTLED):
        told = await tell(ledger.store, archive, account, from_ms=2**52)
        held = await balances(ledger.store)
        assert told.opening == {pair: held[pair] for pair in held if pair[0] == account}
        assert told.lines == []


# --- what was taken


def taken(*lines: tuple[int, str, str, str, str, int]) -> list[tuple[object, ...]]:
    """The takes of lines (day, kind, reference, room, currency, amount), as tuples."""
    take = Take()
    found: list[TakeLine] = []
    for place, (day, kind, reference, room, code, amount) in enumerate(lines):
        line = StatementLine(
            at_ms=day * DAY_MS + place,
            place=place,
            account="pending:@platform",
            kind=kind,
            reference=reference,
            room=room,
            note="",
            currency=code,
            amount_minor=amount,
            balance_minor=0,
        )
        found += take.feed(line)
    found += take.finish()
    return [msgspec.structs.astuple(each) for each in found]


def test_a_take_is_by_day_room_and_currency_and_counts_what_was_given_back() -> None:
    assert taken(
        (1, "commission", "order:a", "hill", "CNY", 100),
        (1, "commission", "gift:bo:c", "hill", "COIN", 7),
        (1, "commission", "order:b", "bay", "CNY", 50),
        (1, "refund", "refund:a:k", "hill", "CNY", -40),
        (2, "cancel", "order:b", "bay", "CNY", -50),
        (2, "commission", "order:c", "hill", "CNY", 1),
    ) == [
        (DAY_MS, "bay", "CNY", 50, 0, 0, 50),
        (DAY_MS, "hill", "CNY", 100, 0, -40, 60),
        (DAY_MS, "hill", "COIN", 0, 7, 0, 7),
        (2 * DAY_MS, "bay", "CNY", 0, 0, -50, -50),
        (2 * DAY_MS, "hill", "CNY", 1, 0, 0, 1),
    ]


def test_what_only_passes_through_is_no_take() -> None:
    assert (
        taken(
            (1, "settle", "order:a", "hill", "CNY", -100),
            (1, "settle", "order:a", "hill", "CNY", 100),
            (1, "maturity", "ripening:9", "", "COIN", 7),
            (1, "payout", "payout:mei:k", "", "CNY", -90),
        )
        == []
    )
