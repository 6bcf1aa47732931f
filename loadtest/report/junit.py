"""A record as JUnit XML: one test case an objective, one for the generator. Pure.

Invariant: there is a failure or an error in it exactly when the verdict is not PASS. Elements and
attributes are those that both Jenkins' schema and Ant's know, in Ant's order.
"""

import re
from xml.etree import ElementTree as ET

from ..record.record import Judged, Record, Verdict
from .headline import MEANING, name, title
from .wording import of, shown

_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, not even escaped."""


def junit(record: Record) -> str:
    suites = ET.Element("testsuites")
    suite = ET.SubElement(suites, "testsuite", _attributes(record))
    properties = ET.SubElement(suite, "properties")
    for key in ("run", "url", "workload"):
        ET.SubElement(properties, "property", name=key, value=_legal(getattr(record, key)))
    for objective in record.objectives:
        _objective(suite, record, objective)
    if record.verdict is Verdict.FAIL and all(each.is_met for each in record.objectives):
        _complaint(_case(suite, record, "verdict"), "failure", "verdict", record.reasons)
    generator = _case(suite, record, "generator")
    if record.verdict is Verdict.INVALID:
        _complaint(generator, "error", "invalid", [MEANING[record.verdict], *record.reasons])
    ET.SubElement(suite, "system-out").text = _legal(_output(record))
    ET.SubElement(suite, "system-err").text = _legal("\n".join(record.examples))
    _count(suite)
    ET.indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(suites, "unicode") + "\n"


def _attributes(record: Record) -> dict[str, str]:
    """`localhost` is what Ant's schema asks for where the machine's name is not known."""
    return {
        "name": _legal(name(record)),
        "package": "loadtest",
        "id": "0",
        "timestamp": _legal(record.started_at[:19]),
        "hostname": "localhost",
        "time": f"{record.seconds:.3f}",
    }


def _objective(suite: ET.Element, record: Record, objective: Judged) -> None:
    case = _case(suite, record, objective.text)
    if not objective.is_met:
        _complaint(case, "failure", "objective", [f"{objective.text}: {_measured(objective)}"])


def _measured(objective: Judged) -> str:
    if objective.measured is None:
        return f"the run could not learn {objective.figure} ({shown(None)})"
    return f"measured {of({objective.figure: objective.measured}, objective.figure)}"


def _case(suite: ET.Element, record: Record, what: str) -> ET.Element:
    attributes = {
        "name": _legal(what),
        "classname": _legal(f"loadtest.{name(record)}"),
        "time": f"{record.seconds:.3f}",
    }
    return ET.SubElement(suite, "testcase", attributes)


def _complaint(case: ET.Element, tag: str, kind: str, sentences: list[str]) -> None:
    message = _legal(" ".join(sentences))
    ET.SubElement(case, tag, type=kind, message=message).text = _legal("\n".join(sentences))


def _count(suite: ET.Element) -> None:
    for attribute, tag in (("tests", "testcase"), ("failures", "failure"), ("errors", "error")):
        suite.set(attribute, str(sum(1 for _ in suite.iter(tag))))


def _output(record: Record) -> str:
    """What somebody sees who opens the log."""
    bottleneck = [f"Bottleneck: {record.bottleneck}"] if record.bottleneck else []
    head = f"{record.verdict.name}: {title(record)}"
    return "\n".join([head, *record.reasons, *bottleneck, *(f"Note: {n}" for n in record.notes)])


def _legal(text: str) -> str:
    return _ILLEGAL.sub("\ufffd", text)
