"""The pages' code as it is sent: nothing is left out but comments."""

from pathlib import Path

import pytest

from livesrv import pages
from livesrv.bare import bare

WEB = Path(pages.__file__).parent / "web"
OURS = sorted(
    path for kind in ("js", "css") for path in WEB.rglob(f"*.{kind}") if "vendor" not in path.parts
)


def test_comments_that_fill_lines_go_and_code_stays_on_its_line() -> None:
    source = b'/** What it is. */\na();\n  // why\n  b(); // c\n/*\n * d()\n */\ne("//");\n'
    assert bare("room/a.js", source) == b'\na();\n\n  b(); // c\n\n\n\ne("//");\n'


@pytest.mark.parametrize("path", ["vendor/hls.js", "client/vendor/msgpack.js", "art/a.svg"])
def test_what_others_wrote_and_what_is_no_code_is_sent_as_it_is(path: str) -> None:
    assert bare(path, b"/* licence */\n") == b"/* licence */\n"


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.name)
def test_no_text_of_ours_stretches_over_lines_and_no_code_follows_a_comment_on_its_last_line(
    path: Path,
) -> None:
    is_inside = False
    for line in map(str.strip, path.read_text().splitlines()):
        assert line.count("`") % 2 == 0, line
        is_inside = is_inside or line.startswith("/*")
        assert not is_inside or "*/" not in line or line.endswith("*/"), line
        assert not line.startswith("/*") or line.count("*/") < 2, line
        is_inside = is_inside and not line.endswith("*/")
    assert not is_inside
