"""DATA_DIR: who holds it, and what a running server leaves in it for others to find.

    lock           held by the one supervisor that runs here
    children.lock  held by it and all its children: free only when nothing of them is left
    run.json       the resolved configuration, while a server runs
    pids.json      {name: pid} of its processes, while a server runs
    secret  ledger/  archive/  bus/  logs/

Must not know what the processes do. Invariant: whoever opens the ledger's files holds both locks.
"""

import contextlib
import fcntl
import json
import os
import stat
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from livesrv import config
from livesrv.config import Config

LEFTOVERS_WAIT_S = 10.0
"""Stores of a killed supervisor close their files first; that takes milliseconds, not seconds."""
STARTING_WAIT_S = 15.0
"""A server that holds the lock and has not said where it is: this long it may be starting."""
LOOK_WAIT_S = 0.2
"""`is_held` takes the lock for an instant; nobody may take that for a server."""
POLL_S = 0.02


class DataDirError(Exception):
    """DATA_DIR cannot be used now; the message is one sentence for a person."""


class Claim:
    """Both locks of a DATA_DIR, held until `release` or the end of the process.

    `children_fd` is handed to every child: the kernel keeps its lock until the last copy closes.
    """

    def __init__(self, directory: Path) -> None:
        """Make `directory` where needed and take it. Blocks for as long as leftovers may need."""
        self.directory = _made(directory)
        self._fd = _opened(directory / "lock")
        if not _locked_within(self._fd, LOOK_WAIT_S):
            os.close(self._fd)
            raise DataDirError(f"another livesrv is running in {directory}{_its_pid(directory)}")
        self.children_fd = _opened(directory / "children.lock")
        if not _locked_within(self.children_fd, LEFTOVERS_WAIT_S):
            self.release()
            raise DataDirError(
                f"processes of an earlier server still use {directory}; "
                f"their ids are in {directory / 'pids.json'}"
            )
        forget(directory)  # a killed server could not

    def release(self) -> None:
        os.close(self.children_fd)
        os.close(self._fd)


def is_held(directory: Path) -> bool:
    """Whether a server, or a command that opened the ledger, is running in `directory`."""
    try:
        descriptor = os.open(directory / "lock", os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        return not _locked(descriptor)
    finally:
        os.close(descriptor)


def running(directory: Path) -> Config | None:
    """The resolved configuration of the server that runs in `directory`; None when none does.

    Blocks for a while when one is just starting, and raises `DataDirError` if it goes on.
    """
    deadline = time.monotonic() + STARTING_WAIT_S
    while is_held(directory):
        with contextlib.suppress(FileNotFoundError):
            return config.from_json((directory / "run.json").read_bytes())
        if time.monotonic() > deadline:
            raise DataDirError(f"{directory} is in use, but no server there has started serving")
        time.sleep(POLL_S)
    return None


def port(directory: Path) -> int | None:
    """Where the server that runs in `directory` listens; None while none does."""
    with contextlib.suppress(FileNotFoundError):
        if is_held(directory):
            return config.from_json((directory / "run.json").read_bytes()).port
    return None


def write(path: Path, content: bytes) -> None:
    """Replace `path` whole, mode 0600: a reader sees the old content or the new one."""
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")  # mode 0600
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    Path(draft).replace(path)


def write_pids(directory: Path, pids: Mapping[str, int]) -> None:
    write(directory / "pids.json", json.dumps(pids, indent=2).encode() + b"\n")


def forget(directory: Path) -> None:
    """Remove what is only true while a server runs."""
    for name in ("run.json", "pids.json"):
        (directory / name).unlink(missing_ok=True)


def archive(directory: Path) -> Path:
    """Where the sealed segments of the ledger's journal lie."""
    return directory / "archive"


def log_file(log_dir: Path, name: str) -> Path:
    """Where the output of the process `name` goes; makes `log_dir`."""
    log_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    return log_dir / f"{name}.log"


def announcement(port: int) -> Path:
    """Where tools on this machine look for the server on `port`: {"data_dir", "pid"}."""
    return private_tmp() / f"{port}.json"


def announce(port: int, directory: Path) -> None:
    document = {"data_dir": str(directory.resolve()), "pid": os.getpid()}
    write(announcement(port), json.dumps(document).encode() + b"\n")


def withdraw(port: int) -> None:
    """Take back what we announced; what somebody else announced for `port` stays."""
    path = announcement(port)
    with contextlib.suppress(OSError, ValueError):
        if json.loads(path.read_bytes())["pid"] == os.getpid():
            path.unlink()


def private_tmp() -> Path:
    """A directory beside other people's temporary files that only we can look into."""
    path = Path(tempfile.gettempdir()) / f"livesrv-{os.getuid()}"
    with contextlib.suppress(FileExistsError):
        path.mkdir(mode=0o700)
    found = path.lstat()
    ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()
    if not ours or stat.S_IMODE(found.st_mode) & 0o077:
        raise DataDirError(f"{path} must be a directory of our own with mode 0700; remove it")
    return path


def _made(directory: Path) -> Path:
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise DataDirError(f"cannot make {directory}: {error.strerror}") from error
    return directory


def _opened(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise DataDirError(f"cannot open {path}: {error.strerror}") from error


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _locked_within(descriptor: int, wait_s: float) -> bool:
    deadline = time.monotonic() + wait_s
    while not _locked(descriptor):
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_S)
    return True


def _its_pid(directory: Path) -> str:
    """The supervisor's process id, for people; "" when it has not written it yet."""
    try:
        return f" (process {json.loads((directory / 'pids.json').read_bytes())['supervisor']})"
    except (OSError, ValueError, KeyError):
        return ""
