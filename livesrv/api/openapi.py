"""The description of the HTTP API (OpenAPI 3.1), made from the routes themselves. Pure."""

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple

import msgspec
from aiohttp import web

from livesrv import __version__
from livesrv.statements import ACCOUNT_PATTERN
from protocol.codes import ErrorCode
from protocol.messages import ID_PATTERN

PATTERNS = {"account": ACCOUNT_PATTERN}
"""Of parameters in paths that are no ids."""
_REFS = "#/components/schemas/{name}"


class Route(NamedTuple):
    """One endpoint. `who` is empty where no token is needed, `answer` None where it is no JSON.

    `is_optional`: the body may be left out.
    """

    method: str
    path: str
    who: str
    handler: Callable[[web.Request], Awaitable[object]]
    answer: type | None = None
    body: type | None = None
    is_optional: bool = False


def describe(routes: Sequence[Route]) -> dict[str, Any]:
    """The OpenAPI document of these routes."""
    types = [type_ for route in routes for type_ in (route.answer, route.body) if type_]
    _, schemas = msgspec.json.schema_components(types, ref_template=_REFS)
    schemas["Problem"] = _problem_schema()
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "livesrv", "version": __version__},
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
            },
        },
    }


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": _operation_id(route),
        "summary": f"For {route.who}" if route.who else "For anyone",
        "parameters": [_parameter(name) for name in re.findall(r"{(\w+)}", route.path)],
        "responses": {
            "200": _answer(route.answer),
            "default": {
                "description": "refused",
                "content": {
                    "application/problem+json": {"schema": {"$ref": _REFS.format(name="Problem")}}
                },
            },
        },
    }
    if route.who:
        operation["security"] = [{"token": []}]
    if route.body:
        content = _content("application/json", route.body)
        operation["requestBody"] = {"required": not route.is_optional, "content": content}
    return operation


def _operation_id(route: Route) -> str:
    """`post_v1_rooms_room_start` for `POST /v1/rooms/{room}/start`."""
    return "_".join([route.method.lower(), *re.findall(r"\w+", route.path)])


def _answer(type_: type | None) -> dict[str, Any]:
    if type_ is None:
        return {"description": "done"}
    return {"description": "done", "content": _content("application/json", type_)}


def _parameter(name: str) -> dict[str, Any]:
    schema = {"type": "string", "pattern": PATTERNS.get(name, ID_PATTERN)}
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _content(media_type: str, type_: type) -> dict[str, Any]:
    return {media_type: {"schema": {"$ref": _REFS.format(name=type_.__name__)}}}


def _problem_schema() -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["title", "status", "code", "detail"],
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "code": {"type": "string", "enum": [code.value for code in ErrorCode]},
            "detail": {"type": "string"},
        },
    }
