"""The table of defects still fits the tree; `make mutants` tries them."""

import ast
from collections import Counter
from pathlib import Path

import pytest

from .table import MUTANTS, Mutant

ROOT = Path(__file__).parent.parent.parent


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
