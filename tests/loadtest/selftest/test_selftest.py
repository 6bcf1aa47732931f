"""The instrument proved, as a user proves it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from loadtest.selftest.cases import CASES
from loadtest.selftest.meddling import children, kill


def selftest(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "loadtest", "selftest", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=200)


@pytest.mark.alone
def test_the_harness_reports_what_was_done(tmp_path: Path) -> None:
    file = tmp_path / "selftest.json"
    done = selftest("--json", str(file))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "OK:" in done.stdout
    cases = json.loads(file.read_text())["cases"]
    assert [case["case"] for case in cases] == [case.name for case in CASES]


def test_a_case_that_there_is_not_is_wrong_usage() -> None:
    done = selftest("--cases", "stall,no such")
    assert done.returncode == 2
    assert "no case no such; there are" in done.stderr


def test_only_own_children_with_the_word_are_found_and_killed() -> None:
    word = "a-word-of-its-own"
    sleeper = [sys.executable, "-c", "import time; time.sleep(60)", word]
    with subprocess.Popen(sleeper) as process:
        try:
            assert children(word) == [process.pid]
            assert children("no-such-word") == []
        finally:
            kill(process.pid)
        assert process.wait(10) == -signal.SIGKILL
    assert os.getpid() not in children("pytest")
