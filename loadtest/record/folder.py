"""The folder of a run: `run.json`, and what it looks like for people and for CI.

Must not know how a report is made, only under which name it is kept. Invariant: a run's folder is
there as a whole or not at all, and is never written over.
"""

import errno
import json
import re
import secrets
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from ..report.html import html
from ..report.junit import junit
from ..report.markdown import markdown
from .record import BadRecord, Record, from_json

RECORD = "run.json"
REPORTS: Mapping[str, Callable[[Record], str]] = {
    "report.html": html,
    "report.md": markdown,
    "junit.xml": junit,
}
"""What is kept beside the record; all of it can be made from the record again."""
_TAKEN = (errno.ENOTEMPTY, errno.EEXIST)


def write(record: Record, parent: Path) -> Path:
    """Write a new folder under `parent`, which is made when it is not there; gives its path.

    Raises `OSError`, and `ValueError` for a figure that is no number.
    """
    parent.mkdir(parents=True, exist_ok=True)
    unfinished = parent / f".unfinished-{secrets.token_hex(4)}"
    unfinished.mkdir()
    try:
        for name, text in _files(record).items():
            (unfinished / name).write_text(text, encoding="utf-8", errors="replace")
        return _put(unfinished, parent, folder_name(record))
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def read(place: Path) -> Record:
    """The record in a run's folder, or in a file. Raises `BadRecord`."""
    file = place / RECORD if place.is_dir() else place
    try:
        return from_json(json.loads(file.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise BadRecord(_missing(place)) from None
    except OSError as error:
        raise BadRecord(f"{file} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise BadRecord(f"{file}: {_complaint(error)}") from error


def write_file(text: str, file: Path) -> None:
    """Write or replace one file as a whole. Raises `OSError`."""
    unfinished = file.with_name(f".{file.name}-{secrets.token_hex(4)}")
    try:
        unfinished.write_text(text, encoding="utf-8", errors="replace")
        unfinished.replace(file)
    finally:
        unfinished.unlink(missing_ok=True)


def folder_name(record: Record) -> str:
    """`2026-11-22T14-31-steady-evening-3f9a`: when, what, and the begin of the run's id."""
    minute = record.started_at[:16].replace(":", "-")
    parts = (minute, str(record.scenario.get("name", "")).lower(), record.run[:4])
    return "-".join(filter(None, (_harmless(part) for part in parts))) or "run"


def _harmless(part: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", part)[:60].strip("-")


def _files(record: Record) -> dict[str, str]:
    plain = json.dumps(record.as_json(), allow_nan=False)
    return {RECORD: plain + "\n", **{name: make(record) for name, make in REPORTS.items()}}


def _put(unfinished: Path, parent: Path, name: str) -> Path:
    """Rename onto the first name that is free; a folder with something in it cannot be replaced."""
    number = 1
    while True:
        folder = parent / (name if number == 1 else f"{name}-{number}")
        try:
            return unfinished.rename(folder)
        except OSError as error:
            if error.errno not in _TAKEN and not folder.exists():
                raise
        number += 1


def _missing(place: Path) -> str:
    if not place.exists():
        return f"there is no {place}; `loadtest run` says which folder it wrote"
    return f"{place} is not the folder of a run: it has no {RECORD}"


def _complaint(error: ValueError) -> str:
    if isinstance(error, BadRecord):
        return str(error)
    return f"this is not the record of a run: it is no JSON ({error})"
