"""The runs of one side, from where `loadtest run` has written them."""

import json
from pathlib import Path

from ..record.record import BadRecord, Record, from_json

RUN_FILE = "run.json"


def read_runs(place: Path) -> list[Record]:
    """A run's file, its folder, or all runs in the folders of one. Raises `BadRecord`."""
    if place.is_file():
        return [_read(place)]
    if (place / RUN_FILE).is_file():
        return [_read(place / RUN_FILE)]
    files = sorted(place.glob(f"*/{RUN_FILE}"))
    if not files:
        raise BadRecord(f"{place} is no run: there is no {RUN_FILE} in it, nor in its folders")
    return [_read(file) for file in files]


def _read(file: Path) -> Record:
    try:
        return from_json(json.loads(file.read_text()))
    except (OSError, ValueError) as error:
        raise BadRecord(f"{file}: {error}") from error
