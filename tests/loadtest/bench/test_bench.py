"""The command as it is typed, tiny, against the real server: it runs, and its sums hold."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the bench needs epoll and /proc")

COMMAND = (sys.executable, "-m", "loadtest", "bench", "fanout")
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
        complaints = [why for why in row["reasons"] if not why.split(" (")[0].endswith("allowed")]
        assert not [why for why in complaints if not any(m in why for m in MISSED_TARGETS)], row
    crowd = rows["comment deliveries/s"]["figures"]
    assert crowd["expected"] == 50 * crowd["sent"] > 0
    assert crowd["delivered"] + crowd["shed"] + crowd["gap"] == crowd["expected"]
    assert rows["reconnect storm"]["figures"]["gifts"] > 0
    assert rows["saturation"]["figures"]["ratio"] > 0
    left = [each.name for each in tmp_path.iterdir() if each.name.startswith("livesrv-bench-")]
    assert left == []


def test_a_row_that_does_not_exist_is_wrong_usage() -> None:
    done = subprocess.run([*COMMAND, "--rows", "nosuch"], capture_output=True, text=True)
    assert done.returncode == 2
    assert "quiet-room" in done.stderr
