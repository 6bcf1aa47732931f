"""The table of defects still fits the tree, and some are tried; `make mutants` tries all."""

import ast
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from tests.seeding import EVERYTHING, SEED

from .__main__ import copy_tree, is_caught
from .mutant import Mutant
from .table import MUTANTS

ROOT = Path(__file__).parent.parent.parent
TRIED = 5


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.old[:40])
def test_the_text_to_replace_stands_once_and_the_test_exists(mutant: Mutant) -> None:
    assert (ROOT / mutant.file).read_text().count(mutant.old) == 1
    assert mutant.old != mutant.new
    path, _, name = mutant.test.partition("::")
    tree = ast.parse((ROOT / path).read_text())
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    names = {node.name for node in ast.walk(tree) if isinstance(node, functions)}
    assert name.partition("[")[0] in names


def test_no_defect_stands_in_the_table_twice() -> None:
    assert [mutant for mutant, times in Counter(MUTANTS).items() if times > 1] == []


@pytest.mark.timeout(1800)
def test_defects_chosen_by_the_seed_are_caught(tmp_path: Path) -> None:
    chosen = MUTANTS if EVERYTHING else Random(SEED).sample(MUTANTS, TRIED)
    copy_tree(tmp_path)
    assert [mutant for mutant in chosen if not is_caught(tmp_path, mutant)] == []
