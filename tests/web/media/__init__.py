"""A tiny video, and a server that streams it from an origin of its own, as an encoder does.

`show.mp4` (H.264, in fragments of a second) and `show.webm` (VP8) are a ball that goes round; made
by Chromium's own recorder: `python -m tests.web.media.record`. The HLS stream is cut out of the
fragments as they stand.
"""

import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

HERE = Path(__file__).parent
MP4 = (HERE / "show.mp4").read_bytes()
WEBM = (HERE / "show.webm").read_bytes()
TYPES = {".mp4": "video/mp4", ".m4s": "video/mp4", ".webm": "video/webm"}
TYPES[".m3u8"] = "application/vnd.apple.mpegurl"
HELD = ("2.m4s", "3.m4s", "4.m4s")
HOLD_S = 20.0
"""How long what is held back waits at the most."""


@dataclass
class Stream:
    """What an encoder offers. `is_away`: it answers 503; `flow` cleared: nothing behind 2 s."""

    url: str
    is_away: bool = False
    flow: threading.Event = field(default_factory=threading.Event)
    asked: list[str] = field(default_factory=list)


@contextmanager
def streaming() -> Iterator[Stream]:
    """Serve /show.m3u8, /show.mp4 and /show.webm on a free port of this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    server.daemon_threads = True
    server.stream = Stream(f"http://127.0.0.1:{server.server_port}")  # type: ignore[attr-defined]
    stream: Stream = server.stream  # type: ignore[attr-defined]
    stream.flow.set()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield stream
    finally:
        stream.flow.set()
        server.shutdown()
        thread.join()
        server.server_close()


class Answer(BaseHTTPRequestHandler):
    """One request. Ranges are not served: a player must do without them."""

    def do_GET(self) -> None:
        stream: Stream = self.server.stream  # type: ignore[attr-defined]
        path = urlsplit(self.path).path
        stream.asked.append(path)
        body = files().get(path.removeprefix("/"))
        if body is None or stream.is_away:
            self.send_error(404 if body is None else 503)
            return
        self.send_response(200)
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Content-Type", TYPES[Path(path).suffix])
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if path.removeprefix("/") in HELD:
            stream.flow.wait(HOLD_S)
        try:
            self.wfile.write(body)
        except ConnectionError:
            self.close_connection = True  # the player has left

    def log_message(self, *_: object) -> None:
        pass


def files() -> dict[str, bytes]:
    """Everything there is to fetch, by name."""
    fragments = list(_fragments(MP4))
    first = MP4.index(fragments[0])
    lines = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-TARGETDURATION:2", '#EXT-X-MAP:URI="init.mp4"']
    for number in range(len(fragments)):
        lines += ["#EXTINF:1.0,", f"{number}.m4s"]
    playlist = "\n".join([*lines, "#EXT-X-ENDLIST", ""]).encode()
    cut = {f"{number}.m4s": fragment for number, fragment in enumerate(fragments)}
    whole = {"show.m3u8": playlist, "show.mp4": MP4, "show.webm": WEBM, "init.mp4": MP4[:first]}
    return whole | cut


def _fragments(mp4: bytes) -> Iterator[bytes]:
    """Each `moof` with its `mdat`."""
    at = start = 0
    while at < len(mp4):
        size, name = struct.unpack(">I4s", mp4[at : at + 8])
        if name == b"moof":
            start = at
        elif name == b"mdat":
            yield mp4[start : at + size]
        at += size
