"""The pages' code as it is sent: without comments, a fifth of what a thin line would carry.

Must not know languages: a comment is what fills whole lines, from one that begins with `/*` or
`//`. That is how ours are written; no text of ours stretches over lines, which a test makes sure
of. Invariant: code stays on the line where it was, so that errors name the right one.
"""

from pathlib import PurePosixPath

STRIPPED = frozenset({".js", ".css"})
WHOLE = "vendor"
"""What others have written stays as it is, licence and all."""


def bare(path: str, content: bytes) -> bytes:
    """A file of the pages without comments that fill lines; others' files and kinds as they are."""
    parts = PurePosixPath(path)
    if parts.suffix not in STRIPPED or WHOLE in parts.parts:
        return content
    return b"\n".join(_bare_lines(content.split(b"\n")))


def _bare_lines(lines: list[bytes]) -> list[bytes]:
    kept: list[bytes] = []
    is_inside = False
    for line in lines:
        text = line.strip()
        is_inside = is_inside or text.startswith(b"/*")
        kept.append(b"" if is_inside or text.startswith(b"//") else line)
        is_inside = is_inside and not text.endswith(b"*/")
    return kept
