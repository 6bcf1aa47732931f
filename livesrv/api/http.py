"""What every endpoint needs of HTTP: bodies and paths read as types, answers, problem documents."""

import math
import re
from http import HTTPStatus
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from livesrv.refusal import Refused
from protocol.codes import ErrorCode
from protocol.messages import Id

PAGE_MAX = 100

T = TypeVar("T")


async def body(request: web.Request, type_: type[T], *, is_optional: bool = False) -> T:
    """The request's JSON body; none where that is `is_optional`. Raises `Refused` `invalid`."""
    content = await request.read()
    if is_optional and not content:
        content = b"{}"
    try:
        return msgspec.json.decode(content.decode(), type=type_)  # also what is not looked at
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refused(ErrorCode.INVALID, f"the body is not valid: {error}") from None


def converted(value: object, type_: Any) -> Any:
    try:
        return msgspec.convert(value, type_, from_attributes=True)
    except msgspec.ValidationError as error:
        raise Refused(ErrorCode.INVALID, str(error)) from None


def path_id(request: web.Request, name: str) -> str:
    """An id in the path. Raises `Refused` `invalid`."""
    return str(converted(request.match_info[name], Id))


def key_of(request: web.Request, key: str | None) -> str:
    """The key that makes it happen once: from the body, else from the header `Idempotency-Key`."""
    found = key or request.headers.get("Idempotency-Key", "")
    if not found:
        raise Refused(ErrorCode.INVALID, "`key` is missing: make one up, and keep it for retries")
    return str(converted(found, Id))


def page_of(request: web.Request) -> tuple[tuple[int, str] | None, int]:
    """Behind which item the page that is asked for begins, and its size."""
    cursor, limit = request.query.get("cursor", ""), request.query.get("limit", str(PAGE_MAX // 2))
    if not re.fullmatch(r"[1-9]\d{0,2}", limit, re.ASCII) or int(limit) > PAGE_MAX:
        raise Refused(ErrorCode.INVALID, f"limit is 1-{PAGE_MAX}")
    if not cursor:
        return None, int(limit)
    found = re.fullmatch(r"(\d{1,15})\.([A-Za-z0-9_-]{1,64})", cursor, re.ASCII)
    if not found:
        raise Refused(ErrorCode.INVALID, "cursor is what `next` of another page said")
    return (int(found[1]), found[2]), int(limit)


def json_answer(answer: object) -> web.Response:
    return web.Response(body=msgspec.json.encode(answer), content_type="application/json")


def problem(
    status: int, code: ErrorCode, detail: str, retry_after_ms: int | None = None
) -> web.Response:
    """A problem document (RFC 9457); it says when to come back where waiting helps."""
    document: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code.value,
        "detail": detail,
    }
    headers = {}
    if retry_after_ms is not None:
        document["retry_after_ms"] = retry_after_ms
        headers["Retry-After"] = str(math.ceil(retry_after_ms / 1000))
    return web.Response(
        body=msgspec.json.encode(document),
        status=status,
        headers=headers,
        content_type="application/problem+json",
    )


def http_problem(error: web.HTTPException) -> web.Response:
    """aiohttp's own refusals: no such path, wrong method, body too large."""
    code = ErrorCode.NOT_FOUND if error.status == 404 else ErrorCode.INVALID
    response = problem(error.status, code, error.text or error.reason)
    if "Allow" in error.headers:
        response.headers["Allow"] = error.headers["Allow"]
    return response
