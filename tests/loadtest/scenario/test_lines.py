"""Where keys stand in a TOML text."""

import json
import tomllib
from collections.abc import Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from loadtest.scenario.lines import Place, lines_of

TEXT = """\
title = "a ] of # and = in it"   # and [a] comment
list = [
  1, 'two',
  { three = 3, four = [ 4 ] },
]

[[people]]
role = "buyer"
orders = { shape = "spike", at_s = 3 }
notes = \"\"\"
[[people]]
role = \\"\"\"\"
[[people]]
[people.orders]
shape = "ramp"
[people."a.b ]"]
c.d = 1
"""


def places(value: Any, place: Place = ()) -> Iterator[Place]:
    """Every place that `tomllib` reads."""
    yield place
    inner: Any = enumerate(value) if isinstance(value, list) else getattr(value, "items", list)()
    for part, below in inner:
        yield from places(below, (*place, part))


def test_every_kind_of_key_is_found_on_its_line() -> None:
    found = lines_of(TEXT)
    assert found[("list", 0)] == found[("list", 1)] == 3
    assert found[("list", 2)] == found[("list", 2, "three")] == found[("list", 2, "four", 0)] == 4
    assert found[("people", 0)] == 7
    assert found[("people", 0, "orders", "at_s")] == 9
    assert found[("people", 0, "notes")] == 10
    assert found[("people", 1)] == 13
    assert found[("people", 1, "orders", "shape")] == 15
    assert found[("people", 1, "a.b ]", "c", "d")] == 17


def test_what_stands_in_a_text_of_many_lines_is_no_key() -> None:
    assert set(lines_of(TEXT)) == set(places(tomllib.loads(TEXT)))


words = st.text(st.sampled_from("ab\"'#[]{}=,.\\\n -"), max_size=8)
scalars = st.one_of(st.integers(), st.booleans(), words.map(json.dumps), st.just("''' ] ' '''"))
values: st.SearchStrategy[str] = st.recursive(
    scalars.map(lambda value: str(value).lower() if isinstance(value, bool) else str(value)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda each: "[ # [\n" + ",\n".join(each) + "]"),
        st.lists(inner, max_size=3).map(
            lambda each: (
                "{"
                + ", ".join(f"{json.dumps('k=' + str(n))} = {v}" for n, v in enumerate(each))
                + "}"
            )
        ),
    ),
    max_leaves=8,
)
sections = st.lists(
    st.tuples(
        st.sampled_from(["[[a]]", "[[a.b]]", '[[ "c ]" . d ]]']), st.lists(values, max_size=3)
    ),
    max_size=5,
)


@given(sections)
def test_every_place_that_is_read_has_a_line_on_which_its_key_stands(
    drawn: list[tuple[str, list[str]]],
) -> None:
    text = "[[a]]\n" + "".join(
        f"{header}\n" + "".join(f"key_{n} = {value}\n" for n, value in enumerate(below))
        for header, below in drawn
    )
    found, lines = lines_of(text), text.split("\n")
    assert set(found) == set(places(tomllib.loads(text)))
    for place, line in found.items():
        if place and isinstance(place[-1], str):
            assert place[-1] in lines[line - 1]
