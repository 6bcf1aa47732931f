"""`loadtest pages` against a real server, with a real browser."""

import json
from pathlib import Path

import pytest

from tests.server import Server

from .conftest import Command


@pytest.mark.alone
def test_pages_are_within_their_weight_and_the_rooms_frames_are_counted(
    command: Command, server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LIVESRV_JWT_SECRET", server.secret)
    written = tmp_path / "pages.json"
    code, output, errors = command(
        *("pages", "--url", server.url, "--only", "weight,frames", "--json", str(written)),
        *("--seconds", "1", "--comments-per-s", "50"),
    )
    assert code in (0, 1), errors  # the machine may be too busy for 50 frames a second
    found = json.loads(written.read_text())
    assert found["is_passed"] == (code == 0)
    assert found["sections"]["weight"]["missed"] == []
    weight = found["sections"]["weight"]["figures"]
    for page in ("/", "/room/ROOM", "/studio", "/ops"):
        assert weight[page]["first_bytes"] > weight[page]["second_bytes"] > 0
        assert page in output
    assert weight["/room/ROOM"]["bytes"]["modules"] > weight["/room/ROOM"]["bytes"]["words"] > 0
    assert weight["player_bytes"] > 50_000
    frames = found["sections"]["frames"]
    assert all(frames["figures"][page]["frames"] > 3 for page in ("/room/ROOM", "empty, moving"))
    assert not any("shows less" in note or "error" in note for note in frames["notes"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("--only weight,smell", "no section smell; there are weight, 3g"),
        ("--seconds 0", "--seconds is 0.0; it must be 1 to 3,600"),
        ("--url ftp://example.org", "http://HOST"),
    ],
)
def test_wrong_arguments_are_told_with_what_would_be_right(
    command: Command, arguments: str, said: str
) -> None:
    code, _, errors = command("pages", *arguments.split())
    assert code == 2
    assert said in errors


def test_without_a_browser_it_says_how_to_get_one(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    code, _, errors = command("pages")
    assert code == 2
    assert "apt-get install chromium" in errors


def test_without_playwright_it_says_how_to_get_it(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("loadtest.pages.chromium.find_spec", lambda _: None)
    code, _, errors = command("pages")
    assert code == 2
    assert "pip install 'livesrv[browser]'" in errors
