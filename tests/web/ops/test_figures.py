"""The pure parts of the operations page, run in the browser that they are for."""

import gzip
import math
import re
import urllib.request
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from prometheus_client.parser import text_string_to_metric_families

from livesrv import pages
from loadtest.run.vitals import percentile
from tests.server import Server
from tests.web.visit import Visitors

WEB = Path(pages.__file__).parent / "web"
STRANGE = (
    "# HELP livesrv_a What; then.\n# TYPE livesrv_a gauge\n"
    'livesrv_a{process="w} 1",kind="a\\"b\\\\n\\n"} +Inf\n'
    'livesrv_a{process="w} 1",kind="2",} NaN\n'
    'livesrv_a{kind="3",process="w} 1"} -1.5e-07 1767225600000\n'
    "other 7\n"
)

Samples = dict[str, dict[str, float]]


@pytest.fixture(scope="module")
def page(server: Server, browser: Browser) -> Iterator[Page]:
    """With the page's modules at hand; without a token, so that it reads nothing by itself."""
    visitors = Visitors(browser)
    yield visitors.open(f"{server.url}/ops")
    visitors.leave()


def run(page: Page, module: str, body: str, argument: object = None) -> Any:
    """What `body` returns, with the module's names in `it` and the argument in `given`."""
    script = f"""async (given) => {{
      const [entry] = document.querySelectorAll('script[src]');
      const it = await import(new URL({module!r}, entry.src));
      {body}
    }}"""
    return page.evaluate(script, argument)


def read(text: str) -> Samples:
    """What prometheus_client reads, by process and by key as the page writes it."""
    found: Samples = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = dict(sample.labels)
            process = labels.pop("process", "")
            key = " ".join(
                (sample.name.removeprefix("livesrv_"), *(labels[n] for n in sorted(labels)))
            )
            found.setdefault(process, {})[key] = sample.value
    return found


PARSE = """
  const entries = Array.from(it.parse(given), ([name, keys]) => [name, Array.from(keys)]);
  const plain = (value) => (Number.isFinite(value) ? value : String(value));
  return entries.map(([name, keys]) => [name, keys.map(([key, value]) => [key, plain(value)])]);
"""


def parsed(page: Page, text: str) -> Samples:
    return {
        name: {key: float(value) for key, value in keys}
        for name, keys in run(page, "exposition.js", PARSE, text)
    }


def test_the_page_reads_what_prometheus_reads(server: Server, page: Page) -> None:
    request = urllib.request.Request(f"{server.url}/metrics", headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(request) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
        text = gzip.decompress(answer.read()).decode()
    expected = read(text)
    assert len(expected) >= 1
    assert parsed(page, text) == expected

    found, expected = parsed(page, STRANGE), read(STRANGE)
    assert math.isnan(found["w} 1"].pop("a 2"))
    assert math.isnan(expected["w} 1"].pop("a 2"))
    assert found == expected


@pytest.mark.parametrize("text", ["<html>Sorry</html>", 'livesrv_a{process="x"}', "livesrv_a one"])
def test_a_page_of_apologies_is_not_taken_for_figures(page: Page, text: str) -> None:
    catch = "try { it.parse(given); } catch (error) { return error.message; }"
    assert run(page, "exposition.js", catch, text).startswith("line 1 is no sample")


@pytest.mark.parametrize(
    "buckets",
    [
        {},
        {"0.1": 0.0, "+Inf": 0.0},
        {"0.1": 0.0, "0.2": 3.0, "+Inf": 3.0},
        {"10.0": 5.0, "0.1": 1.0, "1.0": 2.0, "+Inf": 9.0},
    ],
)
def test_a_quantile_is_the_one_of_load_tests(page: Page, buckets: dict[str, float]) -> None:
    shares = [0.01, 0.3, 0.5, 0.99, 1.0]
    body = "return given[1].map((share) => it.quantile(new Map(given[0]), share));"
    found = run(page, "course.js", body, [list(buckets.items()), shares])
    assert found == pytest.approx([percentile(buckets, share) for share in shares])


VITALS = """
  const scrape = (told) => new Map(Object.entries(told).map(
    ([name, keys]) => [name, new Map(Object.entries(keys))]));
  const vitals = new it.Vitals();
  return given.map((told, index) => vitals.add(scrape(told), 2 * index));
"""


def figures(page: Page, *readings: Samples) -> list[Any]:
    found: list[Any] = run(page, "vitals.js", VITALS, list(readings))
    return found


def told(began_s: float, uptime_s: float, shed: float, **keys: float) -> dict[str, float]:
    return {
        "process_start_time_seconds": began_s,
        "process_uptime_seconds": uptime_s,
        "comments_shed_total": shed,
        **keys,
    }


def test_rates_go_by_each_process_own_clock_and_through_its_restart(page: Page) -> None:
    first, second, still, anew = figures(
        page,
        {"worker-0": told(100, 10, 50), "worker-1": told(100, 10, 7)},
        {"worker-0": told(100, 14, 70), "worker-1": told(100, 11, 10)},
        {"worker-0": told(100, 14, 70), "worker-1": told(100, 13, 10)},
        {"worker-0": told(200, 3, 6), "worker-1": told(100, 15, 10)},
    )
    assert first["server"]["shed"] is None
    assert second["server"]["shed"] == 20 / 4 + 3 / 1
    assert still["server"]["shed"] == 20 / 4 + 0
    assert anew["server"]["shed"] == 6 / 3 + 0
    assert [each["restarts"] for each in anew["processes"]] == [1, 0]
    assert [each["isRestarted"] for each in anew["processes"]] == [True, False]


def test_a_process_that_is_gone_is_missed_unless_nobody_could_tell_of_it(page: Page) -> None:
    ups = {"store_up bus": 1.0, "store_up ledger": 1.0, "workers": 2.0}
    both: Samples = {"worker-0": told(1, 1, 0, **ups), "worker-1": told(1, 1, 0, **ups)}
    one: Samples = {"worker-0": told(1, 3, 0, **ups)}
    alone: Samples = {"worker-0": told(1, 5, 0, **ups | {"store_up bus": 0.0})}
    _, gone, unknown = figures(page, both, one, alone)
    assert [each["isSilent"] for each in gone["processes"]] == [False, True]
    assert (gone["server"]["workers"], gone["server"]["missing"]) == (1, 1)
    assert [each["isSilent"] for each in unknown["processes"]] == [False, False]
    assert [each["isUnknown"] for each in unknown["processes"]] == [False, True]
    assert unknown["server"]["missing"] is None
    assert [each["unreached"] for each in unknown["stores"]] == [0, 1]


JUDGE = """
  const judge = new it.Judge();
  return given.map((figures, index) => judge.judge(figures, index));
"""


def test_the_most_urgent_comes_first_and_one_stall_is_nothing(page: Page) -> None:
    def reading(lag_s: float, shed: float, unreached: float) -> object:
        worker = {"name": "worker-0", "loopLagS": lag_s}
        stores = [{"name": "ledger", "unreached": unreached}, {"name": "bus", "unreached": 0}]
        return {"server": {"shed": shed}, "processes": [worker], "stores": stores}

    readings = [(0.2, 0, 0), (0, 0, 0), (0.2, 5, 0), (0.2, 5, 0), (0.2, 5, 0), (0.2, 0, 1)]
    found = run(page, "rules.js", JUDGE, [reading(*each) for each in readings])
    named = [[(each["rule"], each["subject"], each["level"]) for each in one] for one in found]
    shed, late = ("shed", None, "amber"), ("loop", "worker-0", "amber")
    away = ("ledger-away", "ledger", "red")
    assert named == [[], [], [], [shed], [late, shed], [away, late]]
    assert found[-1][1]["sinceS"] == 2


def test_every_rule_says_what_is_wrong_and_what_to_do_and_colours_a_tile() -> None:
    rules = set(re.findall(r'id: "([\w-]+)", of:', (WEB / "ops/rules.js").read_text()))
    assert len(rules) > 20
    words = (WEB / "words/en/ops.js").read_text()
    for rule in rules:
        assert f'"rule.{rule}"' in words
        assert f'"do.{rule}"' in words
    shown = set(re.findall(r"rules: \[(.*?)\]", (WEB / "ops/tiles.js").read_text()))
    named = {name for each in shown for name in re.findall(r'"([\w-]+)"', each)}
    assert named <= rules
    assert rules - named == {"defects"}, "which is no matter of a figure"


def test_a_history_is_bounded_and_keeps_its_peaks_and_gaps(page: Page) -> None:
    body = """
      const history = new it.History(100);
      for (let at = 0; at < 5000; at += 1) {
        const value = at === 123 ? 999 : 1;
        history.add(at, at >= 4950 && at < 4960 ? {} : { shed: value, late: at > 4000 ? 1 : null });
      }
      return [history.times, history.column("shed"), history.column("late"), history.column("no")];
    """
    times, shed, late, none = run(page, "history.js", body)
    assert 50 <= len(times) <= 100
    assert {len(shed), len(late), len(none)} == {len(times)}
    assert times == sorted(times)
    assert (times[0], times[-1]) == (0, 4999)
    assert max(value or 0 for value in shed) == 999
    assert max(then - before for before, then in pairwise(times)) < 5000 / 15
    assert None in shed, "the gap"
    assert late[0] is None
    assert set(none) == {None}


def test_a_rooms_pulse_counts_each_second_once(page: Page) -> None:
    body = """
      const pulse = new it.Pulse(10);
      pulse.joined({ epoch: "e", seq: 5, recovered: false, state: { viewers: 3, likes: 9 } });
      const like = { type: "like", count: 6, total: 15 };
      const waterfall = [{ type: "comment" }, like, { type: "viewers", count: 4 }];
      pulse.take({ epoch: "e", seq: 7, shed: 4, events: [{}, {}], waterfall });
      const [busy, quiet] = [pulse.beat(12), pulse.beat(13)];
      pulse.joined({ epoch: "e", seq: 7, recovered: true, state: { viewers: 4, likes: 15 } });
      return [busy, quiet, pulse.seq, pulse.likes, pulse.snapshots, pulse.recoveries];
    """
    busy, quiet, *rest = run(page, "pulse.js", body)
    assert busy == {
        "comments": 0.5,
        "events": 1,
        "shed": 2,
        "likes": 3,
        "batches": 0.5,
        "viewers": 4,
    }
    assert {**quiet, "viewers": 0} == dict.fromkeys(busy, 0)
    assert rest == [7, 15, 1, 1]
