"""The page that explains scenarios says what the reader takes."""

import re
import tomllib
from pathlib import Path

import pytest

from loadtest.scenario.model import BadScenario, Role, Scenario
from loadtest.scenario.reading import names, read

PAGE = Path(__file__).parents[3].joinpath("docs", "scenarios.md").read_text()
SNIPPETS = re.findall(r"`(\w+ = [^`]+)`", PAGE)
ACTS = ("arrive", "comments", "likes", "gifts", "orders", "pins")
HEAD = 'title = "A show"\nduration_s = 60\n[[rooms]]\nname = "main"\n'
ODD = """\
zzzz = 1
title = "A show"
duration_s = 60
[[rooms]]
name = "main"
zzzz = 1
offers = [{ offer = "peach", price_minor = 1, zzzz = 1 }]
[[people]]
role = "host"
zzzz = 1
pins = { shape = "constant", per_s = 1, zzzz = 1 }
[[people]]
role = "viewer"
count = 1
comments = { shape = "ramp", to_per_s = 1, zzzz = 1 }
likes = { shape = "steps", per_s = [1], zzzz = 1 }
gifts = { shape = "spike", at_s = 1, within_s = 1, total = 1, zzzz = 1 }
orders = { shape = "constant", per_s = 1, zzzz = 1 }
[[people]]
role = "guest"
count = 1
arrive = { shape = "steps", steps = 1, every_s = 1, zzzz = 1 }
[[incidents]]
trouble = "drop"
at_s = 1
within_s = 1
zzzz = 1
"""
"""A key that nobody knows, in each kind of table."""


def read_text(text: str) -> Scenario:
    return read(text, "show.toml", Path())


def test_the_pages_example_is_a_scenario() -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert read_text(example).viewers == 3_000


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_every_example_of_a_key_is_right(snippet: str) -> None:
    (key,) = tomllib.loads(snippet)
    if key in ACTS:
        who = 'role = "host"' if key == "pins" else 'role = "viewer"\ncount = 10'
        read_text(f"{HEAD}[[people]]\n{who}\n{snippet}\n[[people]]\nrole = 'guest'\ncount = 1\n")


def test_every_key_that_the_reader_knows_is_explained() -> None:
    with pytest.raises(BadScenario) as refused:
        read_text(ODD)
    known = re.findall(r"there are (.*)", str(refused.value))
    assert len(known) == ODD.count("zzzz")
    for key in {key for keys in known for key in keys.split(", ")}:
        assert f"`{key}`" in PAGE or f"`[[{key}]]`" in PAGE


def test_every_role_and_every_shipped_scenario_is_explained() -> None:
    for word in (*(role.value for role in Role), *names()):
        assert f"`{word}`" in PAGE
