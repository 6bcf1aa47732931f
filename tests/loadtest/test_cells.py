"""Tables in Markdown."""

import re

from hypothesis import given
from hypothesis import strategies as st

from loadtest.record.cells import cell, row


@given(st.lists(st.text(), min_size=1, max_size=5))
def test_a_row_has_one_line_and_as_many_cells_as_it_was_given(texts: list[str]) -> None:
    line = row(texts)
    assert len(line.splitlines()) == 1
    assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) == len(texts) + 1


def test_markup_is_shown_as_it_was_written() -> None:
    assert cell("<b>*x*</b> [a](b)\n`c_d`") == r"\<b>\*x\*\</b> \[a](b) \`c\_d\`"
