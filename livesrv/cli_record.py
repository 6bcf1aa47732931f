"""The command `record`: writes what happens in a running room to a file, for the load test."""

import argparse
import asyncio
import json
import sys
from argparse import Namespace
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Self, TextIO
from urllib.parse import urlsplit

from livesrv import recording
from livesrv.config import Config, ConfigError
from livesrv.process import stop_signal, unless
from livesrv.recording import CannotRecord, Line, Transcript

RECORDED = """It watches as a guest, and writes one JSON line for each thing that happens: when, and
how large. No name, no text and nothing that was sold is written, so that the file
may be given away. It ends with the show, after --seconds, or on Ctrl-C; a lost
connection is made again. `loadtest run` plays it: in a scenario, give a group of
[[people]] the line

  replay = "orchard.jsonl"
"""
STDOUT = "-"
SECONDS_MAX = 86_400.0
WORDS = (
    ("comment", "comments"),
    ("shed", "shed comments"),
    ("like", "likes"),
    ("gift", "gifts"),
    ("order", "orders"),
    ("pin", "pins"),
)


async def record(_: Config, flags: Namespace) -> int:
    """Record until the show ends, or for as long as was asked."""
    from livesrv.recorder import Recorder  # no other command loads its client

    stopped, url = stop_signal(), _ws_url(flags.url)
    with _Recording(flags.out or f"{flags.room}.jsonl") as file:

        def write(lines: Sequence[Line]) -> None:
            if not file.is_worth_keeping and flags.seconds is not None:
                asyncio.get_running_loop().call_later(flags.seconds, stopped.set)
            file.is_worth_keeping = True
            file.write(lines)

        recorder = Recorder(url, flags.room, write)
        try:
            await unless(stopped, recorder.run())
        finally:
            if recorder.transcript is not None:
                told = _summary(recorder.transcript, recorder.visits - 1, recorder.tally.lost)
                file.say(f"{flags.room} in {file.path}: {told}")
    if not file.is_worth_keeping:
        raise CannotRecord(f"room {flags.room} was not entered; nothing is recorded")
    return 0


class _Recording:
    """The file that is written; it goes again when nothing was recorded."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.is_worth_keeping = False
        self._file = sys.stdout if path == STDOUT else _created(path)
        self.write([recording.header(datetime.now(UTC).isoformat(timespec="seconds"))])

    def write(self, lines: Sequence[Line]) -> None:
        self._file.writelines(json.dumps(line) + "\n" for line in lines)
        self._file.flush()

    def say(self, text: str) -> None:
        print(text, file=sys.stderr if self._file is sys.stdout else sys.stdout)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is sys.stdout:
            return
        self._file.close()
        if not self.is_worth_keeping:
            Path(self.path).unlink()


def _created(path: str) -> TextIO:
    try:
        return Path(path).open("x", encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"--out: {path}: {error.strerror}; name another file") from error


def add_record_flags(added: argparse.ArgumentParser) -> None:
    added.description = f"{added.description}\n\n{RECORDED}"
    added.add_argument("room", metavar="ROOM", help="the room's id")
    added.add_argument(
        "--url", default="http://127.0.0.1:8080", help="the server (http://127.0.0.1:8080)"
    )
    added.add_argument("--seconds", type=_seconds, metavar="N", help="end after so many")
    added.add_argument(
        "--out",
        metavar="FILE",
        help="where to; - is standard output (default: ROOM.jsonl, which must not be there yet)",
    )


def _seconds(text: str) -> float:
    with suppress(ValueError):
        if 0 < float(text) <= SECONDS_MAX:
            return float(text)
    raise argparse.ArgumentTypeError(
        f"found {text!r}; must be above 0, and {SECONDS_MAX:g} at most"
    )


def _ws_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(f"--url: found {url!r}; must look like http://127.0.0.1:8080")
    return url.rstrip("/").replace("http", "ws", 1) + "/ws"


def _summary(transcript: Transcript, reconnects: int, lost: int) -> str:
    counts = ", ".join(f"{word} {transcript.counts[what]}" for what, word in WORDS)
    viewers = f"at most {transcript.viewers_max} viewers"
    text = f"{transcript.last_ms / 1000:.0f} s; {counts}; {viewers}"
    if not reconnects:
        return text
    return (
        f"{text}\nthe connection was lost {reconnects} times; what was said meanwhile is not "
        f"recorded, nor are {lost} events"
    )
