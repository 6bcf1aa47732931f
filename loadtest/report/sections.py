"""The parts of the page, each an element, or None where the run has nothing of it. Pure.

Must not judge: verdict, reasons and what is met stand in the record.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree.ElementTree import Element

from ..record.figures import CATALOGUE, UnknownFigure, figure
from ..record.record import Record, Verdict
from .charts import Span, course
from .headline import MEANING, headlines, name, title
from .markup import Child, element
from .panels import PANELS, SPREADS
from .spreads import spread_chart
from .tables import Cell, Sheet, commands, counts, lanes, latencies, ledger, objectives, processes
from .wording import clock, moment, of

_SPANS_NAMED_MAX = 4
"""More incidents than these are named only where the pointer is."""
_MARKS = {Verdict.PASS: "✓", Verdict.FAIL: "✕", Verdict.INVALID: "!"}


def head(record: Record) -> Element:
    about = (
        name(record),
        f"run {record.run}",
        moment(record.started_at),
        f"{record.seconds:g} s of show",
        record.url,
    )
    return element(
        "header",
        element("p", "Load test", class_="eyebrow"),
        element("h1", title(record)),
        element("ul", *(element("li", each) for each in about), class_="about"),
    )


def verdict(record: Record) -> Element:
    banner = element(
        "p",
        element("span", _MARKS[record.verdict], aria_hidden="true", class_="mark"),
        element("strong", record.verdict.name),
        element("span", MEANING[record.verdict]),
        class_="verdict",
    )
    bottleneck = record.bottleneck and element(
        "p", element("b", "Bottleneck"), f" {record.bottleneck}", class_="bottleneck"
    )
    reasons = element("ul", *(element("li", reason) for reason in record.reasons))
    return element(
        "section",
        banner,
        reasons if record.reasons else None,
        bottleneck or None,
        class_=f"banner {record.verdict.value}",
        aria_label="Verdict",
    )


def summary(record: Record) -> Element:
    """Objectives and the first figures, beside each other where there is room."""
    objectives_ = _judged(record)
    class_ = None if objectives_ is None else "summary"
    return element("div", objectives_, _first_figures(record), class_=class_)


def _judged(record: Record) -> Element | None:
    sheet = objectives(record.objectives)
    return section("Objectives", table(sheet, "narrow")) if sheet.rows else None


def _first_figures(record: Record) -> Element:
    tiles = (
        element(
            "li",
            element("span", each.label),
            element("b", each.value),
            element("small", each.detail),
            class_="bad" if each.is_bad else None,
        )
        for each in headlines(record)
    )
    return section("At a glance", element("ul", *tiles, class_="tiles"))


def courses(record: Record) -> Element | None:
    limits, spans = _limits(record.scenario), _spans(record.scenario)
    charts = [course(panel, record.series, limits, spans) for panel in PANELS]
    lead = ["One value a second."]
    if limits:
        lead.append("A dashed line is an objective's limit for the line of its colour.")
    if len(spans) > _SPANS_NAMED_MAX:
        lead.append("A shaded stretch is an incident of the scenario.")
    elif spans:
        lead.append(f"A shaded stretch is {', '.join(span.label for span in spans)}.")
    return _grid("Second by second", " ".join(lead), charts)


def spreads(record: Record) -> Element | None:
    charts = [spread_chart(spread, record.distributions) for spread in SPREADS]
    lead = (
        "How long the fastest half, 90 %, 99 % … took, in milliseconds. Response time counts from "
        "the intended moment, service time from the sending: where they part, work had to wait."
    )
    return _grid("How latency is distributed", lead, charts)


def tables(record: Record) -> Element:
    figures = record.figures
    sheets = (latencies(figures), lanes(figures), commands(figures))
    narrow = (ledger(figures), processes(record))
    pairs = element("div", *(table(each, "") for each in narrow if each.rows), class_="pair")
    terms = _terms(counts(record))
    wide = (table(each, "") for each in sheets if each.rows)
    return section("In figures", *wide, pairs if len(pairs) else None, terms)


def remarks(record: Record) -> Element | None:
    found = {"Notes": record.notes, "First differences": record.examples}
    lists = [
        element("div", element("h3", words), element("ul", *(element("li", n) for n in said)))
        for words, said in found.items()
        if said
    ]
    return section("To be known", *lists, class_="remarks") if lists else None


def all_figures(record: Record) -> Element:
    sheet = Sheet(("figure", "value", "meaning"), words_last=1)
    for each in sorted(record.figures, key=_rank):
        sheet.add(each, of(record.figures, each), _meaning(each))
    summary = element("summary", f"All {len(sheet.rows)} figures")
    return section(None, element("details", summary, table(sheet, "figures")))


def environment(record: Record) -> Element:
    machine = record.machine
    memory = f"{machine.memory_mib:,} MiB"
    terms = {
        "server": record.url,
        "workload": record.workload,
        "seed": str(record.scenario.get("seed", "")),
        "scale": str(record.scenario.get("scale", "")),
        "generator's machine": f"{machine.cpu}, {machine.cores} cores, {memory}",
        "kernel": machine.kernel,
        "Python": machine.python,
        "open files of a process": f"{machine.open_files_max:,}",
        "clock": machine.clock,
    }
    return section("Where and what", _terms(terms))


def scenario(record: Record) -> Element | None:
    if not record.source:
        return None
    return section("The scenario", element("pre", element("code", record.source), tabindex="0"))


def section(heading: str | None, *children: Child, class_: str | None = None) -> Element:
    return element("section", element("h2", heading) if heading else None, *children, class_=class_)


def table(sheet: Sheet, class_: str) -> Element:
    words = {0, *range(len(sheet.head) - sheet.words_last, len(sheet.head))}
    kinds = [None if place in words else "n" for place in range(len(sheet.head))]
    head_cells = (
        element("th", text, scope="col", class_=kind) if text else element("td")
        for text, kind in zip(sheet.head, kinds, strict=True)
    )
    rows = (
        element("tr", *(_cell(cell, kind, place) for place, (cell, kind) in enumerate(pairs)))
        for pairs in (list(zip(row, kinds, strict=True)) for row in sheet.rows)
    )
    made = element("table", element("thead", element("tr", *head_cells)), element("tbody", *rows))
    return element(
        "div",
        made,
        class_=f"scroll {class_}".rstrip(),
        tabindex="0",
        role="region",
        aria_label=sheet.head[0],
    )


def _cell(cell: Cell, kind: str | None, place: int) -> Element:
    classes = " ".join(filter(None, (kind, cell.tone))) or None
    if place == 0:
        return element("th", cell.text, scope="row", class_=classes)
    return element("td", cell.text, class_=classes)


def _terms(terms: Mapping[str, str]) -> Element:
    pairs = (
        element("div", element("dt", words), element("dd", text)) for words, text in terms.items()
    )
    return element("dl", *pairs)


def _grid(heading: str, lead: str, charts: Sequence[Element | None]) -> Element | None:
    drawn = [each for each in charts if each is not None]
    if not drawn:
        return None
    grid = element("div", *drawn, class_="charts")
    return section(heading, element("p", lead, class_="lead"), grid)


def _limits(plain: Mapping[str, Any]) -> dict[str, float]:
    """Figure to the lowest limit that an objective sets it."""
    limits: dict[str, float] = {}
    for each in plain.get("objectives", ()):
        if each.get("operator") in ("<", "<="):
            figure_ = each["figure"]
            limits[figure_] = min(limits.get(figure_, each["limit"]), each["limit"])
    return limits


def _spans(plain: Mapping[str, Any]) -> list[Span]:
    return [
        Span(each["at_s"], each["at_s"] + each["within_s"], _befell(each))
        for each in plain.get("incidents", ())
    ]


def _befell(incident: Mapping[str, Any]) -> str:
    return f"a {incident['trouble']} at {clock(incident['at_s'])}"


def _rank(each: str) -> tuple[int, str]:
    """The catalogue's order; codes behind it."""
    return (list(CATALOGUE).index(each) if each in CATALOGUE else len(CATALOGUE), each)


def _meaning(each: str) -> str:
    try:
        return figure(each).means
    except UnknownFigure:
        return ""
