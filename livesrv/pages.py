"""The pages and what they load: read, compressed and named once, when a worker starts.

    /  /room/ROOM  /studio  /ops        a document, in the reader's language, asked for each time
    /assets/VERSION/…                   what it loads, kept for a year: VERSION changes with a file

Must not know rooms or connections: the pages speak the wire, like any other client. Invariant:
nothing a page loads comes from anywhere else or is written into it, and the policy sent along
makes browsers hold us to that.
"""

import gzip
import hashlib
from collections.abc import Awaitable, Callable, Iterator, Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import PurePosixPath

from aiohttp import web
from msgspec import Struct

from livesrv.bare import bare
from livesrv.config import Config

CONTENT_TYPES = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".json": "application/json",
}
DOCUMENTS = {
    "/": "index.html",
    "/room/{room}": "room.html",
    "/studio": "studio.html",
    "/ops": "ops.html",
}
LANGUAGES = ("en", "zh", "ar")
"""The first is for those who read none of them."""
RIGHT_TO_LEFT = frozenset({"ar"})
LANGUAGE_COOKIE = "livesrv_language"
"""What the reader chose on a page; stronger than what the browser asks for."""
KEEP = "max-age=31536000, immutable"
ASK = "no-cache"
"""Keep it, but ask whether it is still the one: 304 and no body."""

Handler = Callable[[web.Request], Awaitable[web.Response]]


class File(Struct, frozen=True):
    """A file as it is sent, both ways."""

    content_type: str
    plain: bytes
    gzipped: bytes
    etag: str


def add_routes(router: web.UrlDispatcher, config: Config) -> None:
    files = read()
    version = version_of(files)
    headers = {
        "Content-Security-Policy": policy(config.media_origins, config.embedding_sites),
        "Referrer-Policy": "no-referrer",
        "Vary": "Accept-Encoding, Accept-Language, Cookie",
    }
    assets = {path: _file(path, content) for path, content in files.items()}
    router.add_get("/assets/{version}/{path:.+}", _serving_assets(assets, version, headers))
    marks = {
        "demo": config.demo,
        "rehearsal": config.is_rehearsal,
        "has-rehearsal": bool(config.rehearsal),
    }
    for route, name in DOCUMENTS.items():
        up = "../" * (route.count("/") - 1)
        written = {
            language: _file(name, write(files[name], language, f"{up}assets/{version}/", marks))
            for language in LANGUAGES
        }
        router.add_get(route, _serving_document(written, headers))


def read() -> dict[str, bytes]:
    """Every file of the pages by its path, as it is sent."""
    files = _walk(resources.files("livesrv") / "web", PurePosixPath())
    return {path: bare(path, content) for path, content in files}


def version_of(files: Mapping[str, bytes]) -> str:
    """A name for just these files: modules of two versions never meet in one page."""
    digest = hashlib.blake2b(digest_size=8)
    for path, content in sorted(files.items()):
        digest.update(b"%d %s %d " % (len(path), path.encode(), len(content)) + content)
    return digest.hexdigest()


def write(document: bytes, language: str, assets: str, marks: Mapping[str, bool]) -> bytes:
    """A document in a language, with what is so (`data-demo="yes"`) and where its assets are."""
    direction = "rtl" if language in RIGHT_TO_LEFT else "ltr"
    text = document.decode()
    text = text.replace('lang="en" dir="ltr"', f'lang="{language}" dir="{direction}"')
    text = text.replace('"assets/words/en/', f'"assets/words/{language}/')
    for mark, is_so in marks.items():
        text = text.replace(f'data-{mark}="no"', f'data-{mark}="{"yes" if is_so else "no"}"')
    return text.replace('"assets/', f'"{assets}').encode()


def policy(media_origins: tuple[str, ...], embedding_sites: tuple[str, ...]) -> str:
    """The Content-Security-Policy: code, style and pictures from us alone, and none inline."""
    media = " ".join(("'self'", *media_origins))
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data:",
            f"connect-src {media} ws: wss:",
            f"media-src {media} blob:",
            "base-uri 'none'",
            "form-action 'none'",
            f"frame-ancestors {' '.join(embedding_sites) or chr(39) + 'none' + chr(39)}",
            "require-trusted-types-for 'script'",
        )
    )


def language_for(accepted: str, chosen: str | None) -> str:
    """The reader's language: `chosen` where we speak it, else the first of Accept-Language."""
    if chosen in LANGUAGES:
        return str(chosen)
    wishes = [_wish(each) for each in accepted.split(",")[:20]]
    for _, language in sorted(wishes, key=lambda wish: -wish[0]):
        if language in LANGUAGES:
            return language
    return LANGUAGES[0]


def accepts_gzip(accept_encoding: str) -> bool:
    for coding in accept_encoding.lower().replace(" ", "").split(","):
        name, _, weight = coding.partition(";q=")
        if name == "gzip" and (not weight or weight.strip("0.")):
            return True
    return False


def _wish(item: str) -> tuple[float, str]:
    """ "zh-CN;q=0.8" → (0.8, "zh")."""
    tag, _, weight = item.strip().partition(";q=")
    try:
        return float(weight or 1), tag.split("-")[0].lower()
    except ValueError:
        return 0.0, ""


def _walk(folder: Traversable, path: PurePosixPath) -> Iterator[tuple[str, bytes]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _walk(entry, path / entry.name)
        elif PurePosixPath(entry.name).suffix in CONTENT_TYPES:
            yield str(path / entry.name), entry.read_bytes()


def _file(name: str, content: bytes) -> File:
    return File(
        content_type=CONTENT_TYPES[PurePosixPath(name).suffix],
        plain=content,
        gzipped=gzip.compress(content, mtime=0),
        etag=hashlib.blake2b(content, digest_size=12).hexdigest(),
    )


def _serving_assets(assets: Mapping[str, File], version: str, documents: dict[str, str]) -> Handler:
    """A page loads some forty of them: only a document among them has a document's headers."""

    async def serve(request: web.Request) -> web.Response:
        file = assets.get(request.match_info["path"])
        if file is None:
            raise web.HTTPNotFound(text="no such file of a page")
        headers = documents if file.content_type == "text/html" else {"Vary": "Accept-Encoding"}
        # Another version is asked for while servers are replaced one by one: ours will do for now.
        is_ours = request.match_info["version"] == version
        return _answer(request, file, {**headers, "Cache-Control": KEEP if is_ours else ASK})

    return serve


def _serving_document(written: Mapping[str, File], headers: dict[str, str]) -> Handler:
    async def serve(request: web.Request) -> web.Response:
        accepted = request.headers.get("Accept-Language", "")
        file = written[language_for(accepted, request.cookies.get(LANGUAGE_COOKIE))]
        return _answer(request, file, {**headers, "Cache-Control": ASK})

    return serve


def _answer(request: web.Request, file: File, headers: dict[str, str]) -> web.Response:
    is_gzip = accepts_gzip(request.headers.get("Accept-Encoding", ""))
    etag = f"{file.etag}-gz" if is_gzip else file.etag
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Server"] = "livesrv"  # aiohttp's own words are longer, forty times a page
    if any(known.value == etag for known in request.if_none_match or ()):
        response = web.Response(status=304, headers=headers)
    else:
        body = file.gzipped if is_gzip else file.plain
        response = web.Response(
            body=body, content_type=file.content_type, charset="utf-8", headers=headers
        )
        if is_gzip:
            response.headers["Content-Encoding"] = "gzip"
    if headers["Cache-Control"] != KEEP:  # of what is kept nobody asks whether it has changed
        response.etag = etag
    return response
