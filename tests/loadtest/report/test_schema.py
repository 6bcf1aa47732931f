"""The schema of `run.json` says what is in it, no less and no more."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings

import loadtest.record
from loadtest.record.figures import CATALOGUE
from loadtest.record.record import FORMAT, Record, from_json
from loadtest.record.timeline import SERIES

from .example import failed, invalid, passed
from .records import RECORDS

SCHEMA = json.loads((Path(loadtest.record.__file__).parent / "run.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def as_read(record: Record) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(json.dumps(record.as_json(), allow_nan=False))
    return plain


def objects(part: Any) -> Iterator[dict[str, Any]]:
    """All objects in a JSON value."""
    if isinstance(part, dict):
        yield part
    for inner in part.values() if isinstance(part, dict) else part:
        if isinstance(inner, dict | list):
            yield from objects(inner)


def test_the_schema_is_one_of_this_format() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["properties"]["format"]["const"] == FORMAT
    assert SCHEMA["$id"].endswith(f":{FORMAT}")


@settings(max_examples=40, deadline=None)
@given(RECORDS)
def test_any_record_is_valid_and_read_back_as_it_was(record: Record) -> None:
    plain = as_read(record)
    VALIDATOR.validate(plain)
    assert from_json(plain) == record


@pytest.mark.parametrize("make", [passed, failed, invalid])
def test_the_examples_are_valid(make: Any) -> None:
    VALIDATOR.validate(as_read(make()))


def test_all_figures_and_series_that_there_are_may_be_given() -> None:
    plain = as_read(passed())
    plain["figures"] = dict.fromkeys(CATALOGUE, 1.0)
    plain["series"] |= {name: [None] for name in SERIES}
    VALIDATOR.validate(plain)


def test_a_field_more_or_less_anywhere_is_not_valid() -> None:
    whole = as_read(passed())
    free = [whole["stores"], *objects([whole["scenario"][k] for k in ("rooms", "people")])]
    free += objects([whole["scenario"][k] for k in ("incidents", "objectives")])
    tried = 0
    for place in objects(whole):
        if place in free:
            continue
        place["Nonsense!"] = 1
        assert not VALIDATOR.is_valid(whole), place.keys()
        del place["Nonsense!"]
        tried += 1
    assert tried > 10
    for name in list(whole):
        assert not VALIDATOR.is_valid({key: whole[key] for key in whole if key != name}), name
