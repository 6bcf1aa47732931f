"""What a deliberate defect is."""

from typing import NamedTuple


class Mutant(NamedTuple):
    """With `new` for `old` in `file`, `test` must fail, or one of its cases if it has several."""

    file: str
    old: str
    new: str
    test: str
