"""The runs of one side, from where `loadtest run` has written them."""

from pathlib import Path

from ..record.folder import RECORD, read
from ..record.record import BadRecord, Record


def read_runs(place: Path) -> list[Record]:
    """A run's file, its folder, or all runs in the folders of one. Raises `BadRecord`."""
    if place.is_file() or (place / RECORD).is_file():
        return [read(place)]
    runs = sorted(file.parent for file in place.glob(f"*/{RECORD}"))
    if not runs:
        raise BadRecord(f"{place} is no run: there is no {RECORD} in it, nor in its folders")
    return [read(run) for run in runs]
