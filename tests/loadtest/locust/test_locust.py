"""Locust drives a scenario against a real server. Always in processes of its own: it changes
sockets and everything else that waits."""

import csv
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ...server import Server, serving
from ...waiting import until

WITHIN_S = 60.0
PEOPLE, ROOMS = 40, 2
SCENARIO = f"""
title = "A few who say and buy a lot"
duration_s = {{duration_s}}
objectives = [{{objective}}]

[[rooms]]
name = "main"
count = {ROOMS}
offers = [{{{{ offer = "peach", price_minor = 2990, stock = {{stock}} }}}}]

[[people]]
role = "chatter"
count = 30
rooms = "main"
comments = {{{{ shape = "constant", per_s = 20 }}}}

[[people]]
role = "buyer"
count = 10
rooms = "main"
gifts = {{{{ shape = "constant", per_s = 10 }}}}
orders = {{{{ shape = "constant", per_s = 10 }}}}
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("locust")) as server:
        yield server


class Locust:
    """Starts Locust's processes in a directory of their own, with the shipped locustfile."""

    def __init__(self, server: Server, directory: Path) -> None:
        self.directory = directory
        self._started: list[subprocess.Popen[str]] = []
        self._environment = {**os.environ, "LIVESRV_JWT_SECRET": server.secret}
        self._locustfile = subprocess.run(
            [sys.executable, "-m", "loadtest.locust"], capture_output=True, text=True, check=True
        ).stdout.strip()

    def start(self, *options: object) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-m", "locust", "-f", self._locustfile, *map(str, options)],
            cwd=self.directory,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._started.append(process)
        return process

    def end(self) -> None:
        """Whatever happened, none of them is left; their children end with them."""
        for process in self._started:
            with process:
                process.kill()

    def text(self, kind: str) -> str:
        """What is in a CSV file of Locust's; empty when it is not there yet."""
        file = self.directory / f"locust_{kind}.csv"
        return file.read_text() if file.exists() else ""

    def rows(self, kind: str) -> list[dict[str, str]]:
        return list(csv.DictReader(self.text(kind).splitlines()))

    def record(self) -> dict[str, Any]:
        (found,) = self.directory.glob("runs/*/run.json")
        record: dict[str, Any] = json.loads(found.read_text())
        return record


@pytest.fixture
def locust(server: Server, tmp_path: Path) -> Iterator[Locust]:
    locust = Locust(server, tmp_path)
    yield locust
    locust.end()


def lead_options(url: str, scenario: Path) -> list[object]:
    return [
        *("--headless", "--host", url, "--scenario", scenario, "--out", "runs"),
        *("--users", PEOPLE, "--spawn-rate", 100, "--csv", "locust", "--only-summary"),
    ]


def written(directory: Path, **values: object) -> Path:
    path = directory / "show.toml"
    path.write_text(SCENARIO.format(**values))
    return path


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.mark.alone
def test_a_master_and_two_workers_play_one_show_and_the_ledger_agrees(
    server: Server, locust: Locust
) -> None:
    scenario = written(locust.directory, duration_s=1, stock=1000, objective='"order.refused == 0"')
    port = free_port()
    master = locust.start(
        *("--master", "--master-bind-port", port, "--expect-workers", 2),
        *lead_options(server.url, scenario),
    )
    workers = [locust.start("--worker", "--master-port", port) for _ in range(2)]
    said = [process.communicate(timeout=WITHIN_S)[0] for process in (master, *workers)]
    assert [each.returncode for each in (master, *workers)] == [0, 0, 0], "\n".join(said)

    record = locust.record()
    figures = record["figures"]
    assert record["verdict"] == "pass"
    assert len(record["generator"]) == 2
    assert figures["viewers.asked"] == figures["viewers.opened"] == PEOPLE
    assert figures["order.acknowledged"] == figures["order.scheduled"] == 10
    assert figures["ledger.orders_checked"] == 10
    assert figures["comment.expected"] == figures["comment.delivered"] > 0

    counts = {row["Name"]: int(row["Request Count"]) for row in locust.rows("stats")}
    assert counts["connected"] == PEOPLE + ROOMS
    assert counts["order answered"] == counts["gift answered"] == 10
    assert counts["comment delivered"] == figures["comment.delivered"]
    assert counts["gift event delivered"] == figures["gift_event.count"]
    (frames,) = (row for row in locust.rows("stats") if row["Name"] == "frames")
    assert float(frames["Average Content Size"]) > 0
    assert locust.rows("failures") == []


@pytest.mark.alone
async def test_a_single_process_that_is_interrupted_still_judges_and_tells_what_was_refused(
    server: Server, locust: Locust
) -> None:
    scenario = written(locust.directory, duration_s=60, stock=2, objective='"errors.sold_out == 0"')
    only = locust.start(*lead_options(server.url, scenario))
    await until(lambda: "sold_out" in locust.text("failures"), within_s=WITHIN_S)
    only.send_signal(signal.SIGINT)
    said = only.communicate(timeout=WITHIN_S)[0]
    assert only.returncode == 1, said
    record = locust.record()
    assert record["verdict"] == "fail"
    assert record["seconds"] < 60
    failures = {row["Error"]: row for row in locust.rows("failures")}
    refused = record["figures"]["errors.sold_out"]
    assert int(failures["sold_out"]["Occurrences"]) == refused > 0
    assert record["figures"]["order.refused"] == refused
    assert any(row["Method"] == "verdict" for row in failures.values())


def test_a_scenario_that_cannot_be_read_is_a_wrong_configuration(
    server: Server, locust: Locust
) -> None:
    only = locust.start(*lead_options(server.url, Path("no-such-show")))
    said = only.communicate(timeout=WITHIN_S)[0]
    assert only.returncode == 2
    assert "neither a file nor a shipped scenario" in said


def test_without_locust_the_package_says_what_to_install() -> None:
    code = "import sys; sys.modules['locust'] = None; import loadtest.locust"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "pip install 'livesrv[locust]'" in done.stderr
