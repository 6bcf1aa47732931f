"""The command as it is typed, tiny, against the real server: it runs, and its sums hold."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from ...waiting import POLL_S, is_alive

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the bench needs epoll and /proc")

COMMAND = (sys.executable, "-m", "loadtest", "bench", "fanout")
SERVES_WITHIN_S = 60.0
ENDS_WITHIN_S = 60.0
MISSED_TARGETS = ("allowed", "wanted", "this server has no")
"""Of reasons: a figure that is not good enough, which tiny sizes cannot be."""


PARTS = ("saturation", "deliveries,big-room,storm,bytes")
"""Rows of quick benches that run at the same time: they wait more than they work."""


def benches(directory: Path, parts: Sequence[str]) -> list[dict[str, Any]]:
    """The rows of quick runs beside each other, as their JSON tells them."""
    files = [directory / f"result-{number}.json" for number in range(len(parts))]
    started = [
        subprocess.Popen(
            [*COMMAND, "--quick", "--rows", rows, "--json", str(file)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, "TMPDIR": str(directory)},
            text=True,
        )
        for rows, file in zip(parts, files, strict=True)
    ]
    said = [process.communicate()[0] for process in started]
    assert all(process.returncode in (0, 1) for process in started), "\n".join(said)
    results = [json.loads(file.read_text()) for file in files]
    for process, result in zip(started, results, strict=True):
        assert result["is_passed"] is (process.returncode == 0)
    return [row for result in results for row in result["rows"]]


def test_quick_rows_run_end_to_end_and_account_for_every_delivery(short_path: Path) -> None:
    found = benches(short_path, PARTS)
    rows = {row["row"].split(",")[0]: row for row in found}
    assert len(rows) == 6
    for row in found:
        others = [why for why in row["reasons"] if not any(each in why for each in MISSED_TARGETS)]
        assert others == [], row
    crowd = rows["comment deliveries/s"]["figures"]
    assert crowd["expected"] == 50 * crowd["sent"] > 0
    assert crowd["delivered"] + crowd["shed"] + crowd["gap"] == crowd["expected"]
    assert rows["reconnect storm"]["figures"]["gifts"] > 0
    assert rows["saturation"]["figures"]["ratio"] > 0
    left = [each.name for each in short_path.iterdir() if each.name.startswith("livesrv-bench-")]
    assert left == []


def test_a_bench_that_is_told_to_end_leaves_nothing_behind(short_path: Path) -> None:
    process = subprocess.Popen(
        [*COMMAND, "--quick"],
        stdout=subprocess.DEVNULL,
        env={**os.environ, "TMPDIR": str(short_path)},
    )
    try:
        pids = first_pids(short_path)
        process.terminate()
        assert process.wait(ENDS_WITHIN_S) == 130
    finally:
        process.kill()
        process.wait()
    assert not any(is_alive(pid) for pid in pids)
    assert not list(short_path.glob("livesrv-bench-*"))


def first_pids(directory: Path) -> list[int]:
    """The processes of the first server that serves."""
    deadline_s = time.monotonic() + SERVES_WITHIN_S
    while time.monotonic() < deadline_s:
        for file in directory.glob("livesrv-bench-*/data/pids.json"):
            pids: dict[str, int] = json.loads(file.read_text())
            if "worker-0" in pids:
                return list(pids.values())
        time.sleep(POLL_S)
    raise AssertionError("no server served in time")


def test_a_row_that_does_not_exist_is_wrong_usage() -> None:
    done = subprocess.run([*COMMAND, "--rows", "nosuch"], capture_output=True, text=True)
    assert done.returncode == 2
    assert "quiet-room" in done.stderr
