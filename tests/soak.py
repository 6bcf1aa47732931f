"""`SEED=n ROUNDS=n python -m tests.soak`: the long forms of all tests that play with chance.

Each part is a run of pytest of its own. In the end stands a table of rounds, kills and findings;
the status is 1 if there is a finding, and each is told with the command that plays it again.
"""

import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as Xml
from pathlib import Path
from typing import NamedTuple

from .seeding import ROUNDS, SEED

ROUNDS_A_SEED = 10
"""The faults of a fixed length are played once for each of so many rounds, with another seed."""


class Part(NamedTuple):
    """What is played, and whether it is as long as the rounds say or takes further seeds."""

    name: str
    tests: list[str]
    takes_seeds: bool = False


PARTS = [
    Part("entries beside the model", ["tests/ledger/test_machine.py"]),
    Part("splits", ["tests/ledger/test_split.py"]),
    Part("file cut at every byte", ["tests/ledger/test_aof.py"]),
    Part("defects made on purpose", ["tests/mutants"]),
    Part("bad network", ["tests/faults/test_proxy.py"]),
    Part("anything killed or stopped", ["tests/faults/test_kills.py", "-k", "any_process"]),
    Part("each fault", ["tests/faults", "-k", "not any_process and not proxy"], takes_seeds=True),
]


class Played(NamedTuple):
    """What became of a part; findings are the names of failed tests."""

    part: Part
    seed: int
    seconds: float
    tests: int
    rounds: int
    kills: int
    findings: list[str]


def main() -> int:
    played = [
        play(part, seed)
        for part in PARTS
        for seed in (
            range(SEED, SEED + 1 + ROUNDS // ROUNDS_A_SEED) if part.takes_seeds else [SEED]
        )
    ]
    print(
        f"\n{'part':28} {'seed':>6} {'tests':>6} {'rounds':>9} {'kills':>6} {'found':>6} {'s':>7}"
    )
    for each in played:
        print(
            f"{each.part.name:28} {each.seed:6} {each.tests:6} {each.rounds:9,} {each.kills:6} "
            f"{len(each.findings):6} {each.seconds:7.0f}"
        )
    for each in played:
        for name in each.findings:
            print(f"SEED={each.seed} ROUNDS={ROUNDS} pytest {name}")
    return 1 if any(each.findings for each in played) else 0


def play(part: Part, seed: int) -> Played:
    """Run one part to its end; what it prints is passed on."""
    with tempfile.TemporaryDirectory() as directory:
        told = Path(directory) / "told.xml"
        options = ["-q", "--timeout=0", f"--junitxml={told}", "-o", "junit_family=xunit1"]
        chance = {"SEED": str(seed), "ROUNDS": str(ROUNDS), "EVERYTHING": "1"}
        print(f"--- {part.name}: SEED={seed} ROUNDS={ROUNDS}", flush=True)
        started_s = time.monotonic()
        status = subprocess.run(
            [sys.executable, "-m", "pytest", *options, *part.tests], env=os.environ | chance
        ).returncode
        seconds = time.monotonic() - started_s
        cases = [*Xml.parse(told).iter("testcase")] if told.exists() else []
    findings = [_name(case) for case in cases if _has_failed(case)]
    if status and not findings:
        findings = [part.tests[0]]
    rounds, kills = (sum(_numbers(case, name) for case in cases) for name in ("rounds", "kills"))
    return Played(part, seed, seconds, len(cases), rounds, kills, findings)


def _has_failed(case: Xml.Element) -> bool:
    return case.find("failure") is not None or case.find("error") is not None


def _name(case: Xml.Element) -> str:
    return f"{case.get('file')}::{case.get('name')}"


def _numbers(case: Xml.Element, name: str) -> int:
    found = case.iterfind(f"properties/property[@name='{name}']")
    return sum(int(each.get("value", "0")) for each in found)


if __name__ == "__main__":
    sys.exit(main())
