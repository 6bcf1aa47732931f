"""Tables in Markdown, of text that somebody else wrote. Pure.

Invariant: no text ends its cell or begins markup.
"""

from collections.abc import Iterable

_MARKS = str.maketrans({mark: f"\\{mark}" for mark in "\\|`*_<["})


def cell(text: str) -> str:
    return " ".join(text.split()).translate(_MARKS)


def row(texts: Iterable[str]) -> str:
    return f"| {' | '.join(map(cell, texts))} |"
