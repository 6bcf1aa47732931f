"""Any record, as hypothesis makes them."""

from hypothesis import strategies as st

from loadtest.record.figures import CATALOGUE, FAMILIES
from loadtest.record.record import Judged, Machine, Process, Record, Verdict
from loadtest.record.timeline import SERIES

TEXTS = st.text(max_size=30)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
COUNTS = st.integers(0, 10**12)
AMOUNTS = st.floats(0, 1e12)
FIGURES = st.sampled_from(sorted(CATALOGUE)) | st.builds(
    "{}.{}".format, st.sampled_from(sorted(FAMILIES)), st.from_regex(r"[a-z0-9_]+", fullmatch=True)
)
SCENARIOS = st.fixed_dictionaries(
    {"name": TEXTS, "title": TEXTS, "duration_s": AMOUNTS, "seed": COUNTS, "scale": AMOUNTS}
)
COLUMNS = st.lists(st.none() | NUMBERS, max_size=4)
DISTRIBUTIONS = st.dictionaries(
    st.sampled_from(["comment", "comment_service", "order", "generator.lag"]),
    st.lists(st.tuples(AMOUNTS, st.integers(1, 10**9)), max_size=4).map(sorted),
    max_size=3,
)
PROCESSES = st.lists(st.builds(Process, TEXTS, AMOUNTS, AMOUNTS, AMOUNTS, AMOUNTS), max_size=2)


@st.composite
def series(draw: st.DrawFn) -> dict[str, list[float | None]]:
    seconds = draw(st.integers(0, 5))
    column = st.lists(st.none() | NUMBERS, min_size=seconds, max_size=seconds)
    columns = draw(st.dictionaries(st.sampled_from(sorted(SERIES)), column, max_size=6))
    return {"at_s": [float(second) for second in range(1, seconds + 1)], **columns}


RECORDS = st.builds(
    Record,
    run=TEXTS,
    started_at=st.datetimes().map(lambda moment: f"{moment.isoformat()}+00:00"),
    url=TEXTS,
    workload=TEXTS,
    scenario=SCENARIOS,
    source=TEXTS,
    seconds=AMOUNTS,
    verdict=st.sampled_from(Verdict),
    reasons=st.lists(TEXTS, max_size=30),
    notes=st.lists(TEXTS, max_size=30),
    objectives=st.lists(
        st.builds(Judged, TEXTS, FIGURES, st.none() | NUMBERS, st.booleans()), max_size=40
    ),
    figures=st.dictionaries(FIGURES, NUMBERS, max_size=20),
    series=series(),
    distributions=DISTRIBUTIONS,
    machine=st.builds(Machine, TEXTS, COUNTS, COUNTS, TEXTS, TEXTS, COUNTS, TEXTS),
    generator=PROCESSES,
    server=PROCESSES,
    stores=st.dictionaries(TEXTS, AMOUNTS, max_size=2),
    bottleneck=st.none() | TEXTS,
    examples=st.lists(TEXTS, max_size=3),
)
