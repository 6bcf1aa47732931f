"""What shows have taken: the sums are the same however their sales fall into batches."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from livesrv.ledger.entry import GIFTS_UNSETTLED, ORDERS_UNSETTLED, Entry, Line
from livesrv.ledger.split import Due, Portion, Share, earned
from livesrv.ledger.takings import CLOSED, Takings, takings_ranking

CARD = (Share("platform", "@platform", 333), Share("host", "mei", 1667), Share("seller", "s", 8000))

Sale = tuple[str, int, int, bool]
"""Room, when its show began, amount, and whether it is a gift."""

SALES = st.lists(
    st.tuples(st.sampled_from("ab"), st.sampled_from([7, 8]), st.integers(1, 50), st.booleans()),
    max_size=30,
)


def due_of(sale: Sale) -> Due:
    account, asset = (GIFTS_UNSETTLED, "COIN") if sale[3] else (ORDERS_UNSETTLED, "CNY")
    return Due(account, asset, (Portion(sale[2], CARD),))


def line_of(sale: Sale) -> Line:
    room, began_ms, amount, is_gift = sale
    facts = {"added": amount} if is_gift else {"lines": [["peach", 2], ["plum", 1]]}
    return line(room, "gift" if is_gift else "order", facts | {"show": ["mei", began_ms]})


def line(room: str, kind: str, facts: dict[str, object]) -> Line:
    entry = Entry(id="e", fingerprint="e", kind=kind, room=room, facts=facts)
    return Line(place=1, room_seq=1, at_ms=0, after=(), entry=entry)


def sums(*batches: Takings) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for takings in batches:
        for ranking, member, score, is_raise in takings.ranks():
            assert is_raise
            found[ranking, member] += score
    return found


@given(SALES, st.integers(1, 7))
def test_sums_do_not_depend_on_the_batches(sales: list[Sale], size: int) -> None:
    batches = [Takings() for _ in range(len(sales) // size + 1)]
    for number, sale in enumerate(sales):
        assert batches[number // size].add(line_of(sale), due_of(sale))
    expected: Counter[tuple[str, str]] = Counter()
    for sale in sales:
        show, due = takings_ranking(*sale[:2]), due_of(sale)
        counts = {"gifts": sale[2], "coins": sale[2]} if sale[3] else {"orders": 1, "pieces": 3}
        counts |= {} if sale[3] else {"sales CNY": sale[2]}
        for name, amount in (counts | {f"earned {due.asset}": earned(due)["mei"]}).items():
            expected[show, name] += amount
    assert sums(*batches) == +expected


def test_the_end_of_a_show_is_counted_and_what_belongs_to_none_is_not() -> None:
    takings = Takings()
    assert not takings.add(line("a", "order", {"lines": []}), due_of(("a", 7, 1, False)))
    assert not takings.add(line("a", "start", {"show": ["mei", 7]}), None)
    assert takings.add(line("a", "end", {"show": ["mei", 7]}), None)
    assert sums(takings) == {(takings_ranking("a", 7), CLOSED): 1}
