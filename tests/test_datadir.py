"""DATA_DIR: one holder at a time, and where others find it."""

import json
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from livesrv import config, datadir
from livesrv.config import Config
from livesrv.datadir import Claim, DataDirError


@pytest.fixture(autouse=True)
def own_tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    tmp = tmp_path / "tmp"
    tmp.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp))
    return tmp


def test_directory_is_made_private(tmp_path: Path) -> None:
    Claim(tmp_path / "a/b").release()
    assert stat.S_IMODE((tmp_path / "a/b").stat().st_mode) == 0o700


def test_second_claim_says_who_has_the_first(tmp_path: Path) -> None:
    first = Claim(tmp_path)
    datadir.write_pids(tmp_path, {"supervisor": 4711})
    with pytest.raises(DataDirError, match=r"another livesrv is running in .* \(process 4711\)"):
        Claim(tmp_path)
    first.release()
    Claim(tmp_path).release()


def test_child_that_is_left_over_keeps_the_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datadir, "LEFTOVERS_WAIT_S", 0.1)
    claim = Claim(tmp_path)
    argv = [sys.executable, "-c", "import time; time.sleep(600)"]
    with subprocess.Popen(argv, pass_fds=(claim.children_fd,)) as child:
        claim.release()
        with pytest.raises(DataDirError, match="processes of an earlier server still use"):
            Claim(tmp_path)
        assert not datadir.is_held(tmp_path)
        child.kill()
    Claim(tmp_path).release()


def test_claim_waits_for_what_is_left_over_to_end(tmp_path: Path) -> None:
    claim = Claim(tmp_path)
    left_over = os.dup(claim.children_fd)
    claim.release()
    ending = threading.Timer(0.1, os.close, [left_over])
    ending.start()
    Claim(tmp_path).release()
    ending.join()


def test_claim_forgets_what_a_killed_server_could_not(tmp_path: Path) -> None:
    datadir.write(tmp_path / "run.json", b"{}")
    datadir.write_pids(tmp_path, {})
    Claim(tmp_path).release()
    assert {path.name for path in tmp_path.iterdir()} == {"lock", "children.lock", "tmp"}


def test_running_servers_configuration_is_found(tmp_path: Path) -> None:
    assert datadir.running(tmp_path / "nowhere") is None
    claim = Claim(tmp_path)
    resolved = Config(port=4711)
    datadir.write(tmp_path / "run.json", config.to_json(resolved))
    assert datadir.running(tmp_path) == resolved
    claim.release()
    assert datadir.running(tmp_path) is None


def test_server_that_is_starting_is_waited_for_and_not_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datadir, "STARTING_WAIT_S", 0.1)
    claim = Claim(tmp_path)
    with pytest.raises(DataDirError, match="no server there has started serving"):
        datadir.running(tmp_path)
    claim.release()


def test_file_is_replaced_whole_and_for_our_eyes_only(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    datadir.write(path, b"first")
    with path.open("rb") as reader:
        datadir.write(path, b"second, and longer")
        assert reader.read() == b"first"
    assert path.read_bytes() == b"second, and longer"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_announced_server_is_found_by_its_port_until_it_withdraws(tmp_path: Path) -> None:
    datadir.announce(4711, tmp_path)
    found = json.loads(datadir.announcement(4711).read_bytes())
    assert found == {"data_dir": str(tmp_path.resolve()), "pid": os.getpid()}
    datadir.withdraw(4711)
    assert not datadir.announcement(4711).exists()


def test_what_another_server_announced_stays() -> None:
    datadir.write(datadir.announcement(4711), b'{"pid": 1}')
    datadir.withdraw(4711)
    datadir.withdraw(4712)
    assert datadir.announcement(4711).exists()


def test_temporary_place_that_others_can_reach_is_refused(own_tmp: Path) -> None:
    datadir.private_tmp().chmod(0o755)
    with pytest.raises(DataDirError, match="must be a directory of our own with mode 0700"):
        datadir.private_tmp()
    place = own_tmp / f"livesrv-{os.getuid()}"
    place.rmdir()
    place.symlink_to(own_tmp)
    with pytest.raises(DataDirError, match="must be a directory of our own"):
        datadir.private_tmp()


def test_place_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataDirError, match=r"cannot make .*file/in"):
        Claim(tmp_path / "file/in")
