"""`python -m tests.mutants [WORD]`: put each defect into a copy of the tree; a test must catch it.

Without defects all those tests must pass. Ends with status 1 if a defect survives. WORD chooses
the mutants whose file, texts or test contain it.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from .mutant import Mutant
from .table import MUTANTS

ROOT = Path(__file__).parent.parent.parent
COPIED = ["livesrv", "protocol", "loadtest", "tests"]
HANGS_AFTER_S = 40
"""A defect may make a test hang; then it is caught, too."""
HUNG = "hung"
SAME_CACHE = {"PYTHONDONTWRITEBYTECODE": "1"}
"""A defect that is as long as what it replaces must not find yesterday's byte code."""


def main(word: str = "") -> int:
    chosen = [mutant for mutant in MUTANTS if any(word in text for text in mutant)]
    with tempfile.TemporaryDirectory() as directory:
        tree = Path(directory)
        copy_tree(tree)
        tests = sorted({mutant.test for mutant in chosen})
        passed, said = run(tree, tests)
        if not passed:
            print(said, "without a defect all these tests must pass", sep="\n")
            return 1
        survivors = [mutant for mutant in chosen if not is_caught(tree, mutant)]
    print(f"{len(chosen) - len(survivors)} of {len(chosen)} defects caught")
    return 1 if survivors else 0


def copy_tree(target: Path) -> None:
    for name in COPIED:
        shutil.copytree(ROOT / name, target / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", target)


def is_caught(tree: Path, mutant: Mutant) -> bool:
    """Whether the test fails with the defect in place. Says so, and takes the defect out again."""
    started_s = time.monotonic()
    path = tree / mutant.file
    sound = path.read_text()
    path.write_text(sound.replace(mutant.old, mutant.new))
    passed, said = run(tree, [mutant.test])
    path.write_text(sound)
    caught = not passed and has_failed(mutant.test, said)
    verdict = "caught  " if caught else "SURVIVES"
    print(f"{verdict} {time.monotonic() - started_s:4.1f} s  {mutant.file}: {mutant.old}")
    print(f"{'with':>15}  {mutant.new}\n{'by':>15}  {mutant.test}", flush=True)
    if not caught and not passed:
        print(said)
    return caught


def run(tree: Path, tests: list[str]) -> tuple[bool, str]:
    """Run tests on a tree; whether they passed, and what pytest said, or `HUNG`."""
    options = ["-q", "-x", "-rf", "-p", "no:cacheprovider"]
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", *options, *tests],
        cwd=tree,
        env=os.environ | SAME_CACHE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        said, _ = process.communicate(timeout=HANGS_AFTER_S * len(tests))
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return False, HUNG
    return process.returncode == 0, said


def has_failed(test: str, said: str) -> bool:
    """Whether the test itself has failed: not a fixture, and not because nothing loads any more."""
    if said == HUNG:
        return True
    named = re.search(rf"^FAILED {re.escape(test)}(\[| |$)", said, re.MULTILINE)
    return bool(named) and "Error compiling" not in said and "SyntaxError" not in said


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
