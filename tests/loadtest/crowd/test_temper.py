"""What people feel like doing, and the words they have."""

from random import Random
from typing import Any, get_args

from hypothesis import given
from hypothesis import strategies as st

from loadtest.crowd import temper
from loadtest.crowd.phrases import PEOPLE, PHRASES, Mood
from loadtest.crowd.scene import Happening, Scene, What
from loadtest.crowd.temper import Buy, Give, Impulse, Say, Temper
from protocol.messages import TEXT_CHARS_MAX

GIFTS = [{"gift": gift, "price_minor": coins} for gift, coins in (("rocket", 9_000), ("rose", 1))]
NAME_CHARS_MAX = 24


def made(seed: int = 1, count: int = 29, gifts: list[dict[str, Any]] = GIFTS) -> Temper:
    return Temper(PEOPLE[:count], gifts, Random(seed))


def scene(**offer: Any) -> Scene:
    found = Scene()
    peach = {"offer": "peach", "price_minor": 9, "currency": "CNY", "stock": 5} | offer
    state = {"status": "live", "host": {"id": "mei"}, "pinned": [peach] if offer else []}
    found.take({"type": "joined", "state": state})
    return found


def all_of(temper: Temper, seen: Scene, times: int = 20) -> list[Impulse]:
    """What the rhythms bring."""
    return [i for each in temper.rhythms() for _ in range(times) for i in each.impulses(seen)]


def test_everybody_has_a_name_of_their_own_and_words_that_fit_in_every_mood() -> None:
    assert len({person.id for person in PEOPLE}) == len({p.name for p in PEOPLE}) == len(PEOPLE)
    assert all(1 <= len(person.name) <= NAME_CHARS_MAX for person in PEOPLE)
    for language in {person.language for person in PEOPLE}:
        assert PHRASES[language].keys() == set(get_args(Mood))
        words = [text for texts in PHRASES[language].values() for text in texts]
        assert all(1 <= len(text) <= TEXT_CHARS_MAX for text in words)


def test_the_same_seed_makes_the_same_audience() -> None:
    def everything(seed: int) -> object:
        temper = made(seed)
        return temper.arrivals(), all_of(temper, scene(stock=5)), temper.pause_s(1.0)

    assert everything(7) == everything(7)
    assert everything(7) != everything(8)


def test_everybody_comes_once_and_the_first_at_once() -> None:
    arrivals = made().arrivals()
    assert [person for _, person in arrivals] == list(PEOPLE[:29])
    moments = [in_s for in_s, _ in arrivals]
    assert moments == sorted(moments)
    assert moments[0] == 0
    assert moments[-1] == temper.COME_WITHIN_S
    assert made(count=1).arrivals() == [(0.0, PEOPLE[0])]


def test_a_pinned_offer_raises_questions_and_orders() -> None:
    impulses = made().react(Happening(What.PINNED, "peach"), scene(stock=5))
    said = {i.deed.text for i in impulses if isinstance(i.deed, Say)}
    assert said & {text for words in PHRASES.values() for text in words["ask"]}
    assert sum(i.deed == Buy() for i in impulses) >= 3


def test_a_pin_that_is_gone_by_then_raises_nothing() -> None:
    assert made().react(Happening(What.PINNED, "honey"), scene(stock=5)) == []


def test_nobody_orders_while_nothing_is_pinned() -> None:
    assert not any(isinstance(impulse.deed, Buy) for impulse in all_of(made(), scene()))
    assert any(isinstance(impulse.deed, Buy) for impulse in all_of(made(), scene(stock=5)))


def test_gifts_are_those_of_the_server_and_not_dear_where_there_are_cheaper_ones() -> None:
    given_ = {i.deed.gift for i in all_of(made(), scene()) if isinstance(i.deed, Give)}
    assert given_ == {"rose"}
    dear = made(gifts=GIFTS[:1])
    assert {i.deed.gift for i in all_of(dear, scene()) if isinstance(i.deed, Give)} == {"rocket"}


@given(
    seed=st.integers(0, 2**32),
    stock=st.integers(-1, 3),
    limit=st.one_of(st.none(), st.integers(1, 3)),
)
def test_nobody_asks_for_more_than_is_left_or_allowed(
    seed: int, stock: int, limit: int | None
) -> None:
    chosen = made(seed).chooses(scene(stock=stock, limit_per_buyer=limit))
    if stock <= 0:
        assert chosen is None
        return
    assert chosen is not None
    assert 1 <= chosen[1] <= min(stock, limit or stock)


@given(seed=st.integers(0, 2**32), every_s=st.floats(0.1, 60))
def test_pauses_are_irregular_and_bounded(seed: int, every_s: float) -> None:
    assert temper.PAUSE_LEAST_S <= made(seed).pause_s(every_s) <= 3 * every_s
