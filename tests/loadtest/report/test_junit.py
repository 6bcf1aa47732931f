"""JUnit XML: an objective a case, red exactly when the run was not passed, and as schemas want it.

What is checked is what Ant's schema (windyroad) asks for, and Jenkins' allows.
"""

import re
from dataclasses import replace
from xml.etree import ElementTree as ET

from hypothesis import given, settings

from loadtest.record.record import Judged, Record, Verdict
from loadtest.report.junit import junit

from .example import failed, invalid, passed
from .records import RECORDS

ORDER = ["properties", "testcase", "system-out", "system-err"]
SUITE = {"name", "package", "id", "timestamp", "hostname", "time", "tests", "failures", "errors"}


def suite_of(record: Record) -> ET.Element:
    root = ET.fromstring(junit(record).encode())
    assert root.tag == "testsuites"
    assert len(root) == 1
    return root[0]


def complaints(suite: ET.Element, tag: str) -> dict[str, str]:
    """Name of each case that holds such an element, and what it says."""
    cases = {case.get("name", ""): case.find(tag) for case in suite.iter("testcase")}
    return {name: found.get("message", "") for name, found in cases.items() if found is not None}


def test_each_objective_is_a_case_and_so_is_the_generator() -> None:
    suite = suite_of(passed())
    names = [case.get("name") for case in suite.iter("testcase")]
    assert names == [*(each.text for each in passed().objectives), "generator"]
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("6", "0", "0")


def test_a_missed_objective_fails_with_what_was_measured() -> None:
    suite = suite_of(failed())
    found = complaints(suite, "failure")
    assert found["reliable.lost == 0"] == "reliable.lost == 0: measured 17"
    assert set(found) == {each.text for each in failed().objectives if not each.is_met}
    assert suite.get("failures") == str(len(found))


def test_an_objective_that_could_not_be_learnt_says_so() -> None:
    unlearnt = Judged("order.p99_ms <= 1", "order.p99_ms", None, False)
    found = complaints(suite_of(replace(failed(), objectives=[unlearnt])), "failure")
    assert "could not learn order.p99_ms" in found["order.p99_ms <= 1"]


def test_an_invalid_run_is_an_error_of_the_generator() -> None:
    suite = suite_of(invalid())
    assert invalid().reasons[0] in complaints(suite, "error")["generator"]
    assert (suite.get("failures"), suite.get("errors")) == ("0", "1")


def test_a_run_that_failed_without_a_missed_objective_is_red_too() -> None:
    record = replace(failed(), objectives=passed().objectives)
    assert failed().reasons[0] in complaints(suite_of(record), "failure")["verdict"]


@settings(max_examples=20, deadline=None)
@given(RECORDS)
def test_any_record_is_what_the_schemas_ask_for(record: Record) -> None:
    record = replace(record, objectives=[*record.objectives, passed().objectives[0]])
    suite = suite_of(record)
    tags = [child.tag for child in suite]
    assert tags == sorted(tags, key=ORDER.index)
    assert set(tags) == set(ORDER)
    assert set(suite.keys()) == SUITE
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", suite.get("timestamp", ""))
    for case in suite.iter("testcase"):
        assert set(case.keys()) == {"name", "classname", "time"}
        assert all(complaint.get("type") for complaint in case)


@settings(max_examples=20, deadline=None)
@given(RECORDS)
def test_it_is_green_exactly_when_the_run_was_passed(record: Record) -> None:
    met = [replace(each, is_met=True) for each in record.objectives]
    record = replace(record, objectives=met)
    suite = suite_of(record)
    is_green = suite.get("failures") == suite.get("errors") == "0"
    assert is_green == (record.verdict is Verdict.PASS)


def test_characters_that_xml_cannot_hold_are_replaced() -> None:
    record = replace(failed(), reasons=["\x00\x1b ]]> & <b>"], examples=["\ud800\ufffe"])
    suite = suite_of(record)
    assert "�� ]]> & <b>" in suite.findtext("system-out", "")
    assert suite.findtext("system-err") == "��"
