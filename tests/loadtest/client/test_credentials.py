"""Where the secret is looked for, and in which order."""

import json
import os
import tempfile
from pathlib import Path

import jwt
import pytest

from loadtest.client.credentials import Mint, NoSecret, find_secret

SECRET = "a secret of more than thirty-two characters"
URL = "http://127.0.0.1:8123"


@pytest.fixture
def announced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data directory that a server on the URL's port announced; gives where it did."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    directory = tmp_path / f"livesrv-{os.getuid()}"
    directory.mkdir(mode=0o700)
    data_dir = with_secret(tmp_path / "announced", "announced-" + SECRET)
    announcement = {"data_dir": str(data_dir), "pid": 1}
    (directory / "8123.json").write_text(json.dumps(announcement))
    return directory


def with_secret(directory: Path, secret: str) -> Path:
    directory.mkdir()
    (directory / "secret").write_text(secret + "\n")
    return directory


def test_the_environments_secret_goes_before_every_file(announced: Path, tmp_path: Path) -> None:
    assert find_secret(URL, tmp_path, {"LIVESRV_JWT_SECRET": SECRET}).secret == SECRET


def test_the_named_data_directory_goes_before_the_environments(tmp_path: Path) -> None:
    named = with_secret(tmp_path / "named", "named-" + SECRET)
    other = with_secret(tmp_path / "other", "other-" + SECRET)
    environment = {"DATA_DIR": str(other)}
    assert find_secret(URL, named, environment).secret == "named-" + SECRET
    assert find_secret(URL, None, environment).secret == "other-" + SECRET


def test_a_server_on_this_machine_announces_its_secret(announced: Path) -> None:
    assert find_secret(URL, None, {}).secret == "announced-" + SECRET


def test_an_announcement_in_a_directory_open_to_others_is_not_believed(
    announced: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    announced.chmod(0o755)
    with pytest.raises(NoSecret):
        find_secret(URL, None, {})


def test_an_announcement_behind_a_link_is_not_believed(
    announced: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    announced.rename(tmp_path / "elsewhere")
    announced.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(NoSecret):
        find_secret(URL, None, {})


def test_an_announcement_says_nothing_of_other_machines(
    announced: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NoSecret, match="--data-dir"):
        find_secret("http://example.com:8123", None, {})


def test_a_token_carries_subject_roles_and_an_end() -> None:
    token = Mint(SECRET, "here").token("lan", "viewer", "host", ttl_s=60, name="Lan")
    claims = jwt.decode(token, SECRET, ["HS256"])
    assert (claims["sub"], claims["roles"], claims["name"]) == ("lan", ["viewer", "host"], "Lan")
    assert "exp" in claims
