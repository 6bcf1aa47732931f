"""The command as it is typed, tiny, against the real server: it runs, and its sums hold."""

import json
import os
import subprocess
import sys
import time
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


def bench(tmp_path: Path, rows: str) -> dict[str, Any]:
    """The JSON of a quick run."""
    file = tmp_path / "result.json"
    done = subprocess.run(
        [*COMMAND, "--quick", "--rows", rows, "--json", str(file)],
        capture_output=True,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    result: dict[str, Any] = json.loads(file.read_text())
    assert result["is_passed"] is (done.returncode == 0)
    return result


def test_quick_rows_run_end_to_end_and_account_for_every_delivery(tmp_path: Path) -> None:
    result = bench(tmp_path, "deliveries,big-room,storm,saturation,bytes")
    rows = {row["row"].split(",")[0]: row for row in result["rows"]}
    assert len(rows) == 6
    for row in result["rows"]:
        others = [why for why in row["reasons"] if not any(each in why for each in MISSED_TARGETS)]
        assert others == [], row
    crowd = rows["comment deliveries/s"]["figures"]
    assert crowd["expected"] == 50 * crowd["sent"] > 0
    assert crowd["delivered"] + crowd["shed"] + crowd["gap"] == crowd["expected"]
    assert rows["reconnect storm"]["figures"]["gifts"] > 0
    assert rows["saturation"]["figures"]["ratio"] > 0
    left = [each.name for each in tmp_path.iterdir() if each.name.startswith("livesrv-bench-")]
    assert left == []


def test_a_bench_that_is_told_to_end_leaves_nothing_behind(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*COMMAND, "--quick"],
        stdout=subprocess.DEVNULL,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    try:
        pids = first_pids(tmp_path)
        process.terminate()
        assert process.wait(ENDS_WITHIN_S) == 130
    finally:
        process.kill()
        process.wait()
    assert not any(is_alive(pid) for pid in pids)
    assert not list(tmp_path.glob("livesrv-bench-*"))


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
