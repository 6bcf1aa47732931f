"""/openapi.json: it describes every route of the spec, and nothing in it points nowhere."""

from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest

from tests.server import Server

from .api import Http

ROUTES = [
    ("POST", "/v1/rooms"),
    ("GET", "/v1/rooms"),
    ("GET", "/v1/rooms/{room}"),
    ("PATCH", "/v1/rooms/{room}"),
    ("GET", "/v1/shows"),
    ("POST", "/v1/rooms/{room}/start"),
    ("POST", "/v1/rooms/{room}/end"),
    ("POST", "/v1/rooms/{room}/offers"),
    ("GET", "/v1/live"),
    ("GET", "/v1/rooms/{room}/offers"),
    ("PATCH", "/v1/rooms/{room}/offers/{offer}"),
    ("PUT", "/v1/rooms/{room}/joint-sale"),
    ("POST", "/v1/rooms/{room}/joint-sale/agreement"),
    ("POST", "/v1/rooms/{room}/private-prices"),
    ("GET", "/v1/private-prices/{private_price}"),
    ("DELETE", "/v1/private-prices/{private_price}"),
    ("PUT", "/v1/consents/{user}"),
    ("DELETE", "/v1/consents/{user}"),
    ("POST", "/v1/rooms/{room}/orders"),
    ("GET", "/v1/orders"),
    ("GET", "/v1/orders/{order}"),
    ("POST", "/v1/orders/{order}/ship"),
    ("POST", "/v1/orders/{order}/deliver"),
    ("POST", "/v1/orders/{order}/cancel"),
    ("POST", "/v1/orders/{order}/refunds"),
    ("POST", "/v1/payments/{provider}"),
    ("GET", "/v1/wallet"),
    ("POST", "/v1/wallets/{user}/topups"),
    ("GET", "/v1/earnings"),
    ("POST", "/v1/payouts"),
    ("GET", "/v1/statements/{account}"),
    ("GET", "/v1/take"),
    ("PUT", "/v1/cards"),
    ("GET", "/v1/cards"),
    ("PUT", "/v1/parties/{user}"),
    ("GET", "/v1/parties/{user}"),
    ("PUT", "/v1/contracts/{user}"),
    ("DELETE", "/v1/contracts/{user}"),
    ("POST", "/v1/coin-rates"),
    ("GET", "/v1/coin-rates"),
    ("GET", "/v1/follows/{user}"),
    ("PUT", "/v1/follows/{user}"),
    ("DELETE", "/v1/follows/{user}"),
    ("GET", "/v1/gifts"),
    ("GET", "/v1/pages"),
    ("GET", "/openapi.json"),
    ("GET", "/livez"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
]
WITHOUT_A_BODY = {
    ("POST", "/v1/rooms/{room}/start"),
    ("POST", "/v1/rooms/{room}/end"),
    ("POST", "/v1/orders/{order}/deliver"),
    ("POST", "/v1/orders/{order}/cancel"),
    ("PUT", "/v1/follows/{user}"),
    ("PUT", "/v1/consents/{user}"),
}
MAY_BE_EMPTY = {"/v1/orders/{order}/ship", "/v1/orders/{order}/refunds"}
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


@pytest.fixture
async def document(server: Server) -> dict[str, Any]:
    async with aiohttp.ClientSession() as session:
        return await Http(session, server.url).get("/openapi.json")


def nodes(value: object) -> Iterator[dict[str, Any]]:
    """Every object in the document."""
    if isinstance(value, dict):
        yield value
    if isinstance(value, dict | list):
        for child in value.values() if isinstance(value, dict) else value:
            yield from nodes(child)


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield method.upper(), path, item[method]


def resolved(document: dict[str, Any], reference: str) -> Any:
    assert reference.startswith("#/"), reference
    found: Any = document
    for part in reference[2:].split("/"):
        found = found[part.replace("~1", "/").replace("~0", "~")]
    return found


def test_document_names_its_version_and_title(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.")
    assert document["info"]["title"]
    assert document["info"]["version"]


def test_every_route_of_the_spec_is_described_and_no_other(document: dict[str, Any]) -> None:
    described = [(method, path) for method, path, _ in operations(document)]
    assert sorted(set(ROUTES) - set(described)) == []
    assert [path for _, path in set(described) - set(ROUTES) if path.startswith("/v1/")] == []


def test_every_reference_resolves(document: dict[str, Any]) -> None:
    references = [node["$ref"] for node in nodes(document) if isinstance(node.get("$ref"), str)]
    assert references
    for reference in references:
        assert resolved(document, reference) is not None


def test_every_operation_has_responses_with_descriptions(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        responses = operation["responses"]
        assert responses, (method, path)
        for status, response in responses.items():
            assert status == "default" or 100 <= int(status) < 600
            response = resolved(document, response["$ref"]) if "$ref" in response else response
            assert response["description"], (method, path, status)
        successes = [status for status in responses if status.startswith("2")]
        assert successes, (method, path)


def test_every_parameter_of_a_path_is_declared(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        declared = [
            resolved(document, each["$ref"]) if "$ref" in each else each
            for each in [
                *operation.get("parameters", []),
                *document["paths"][path].get("parameters", []),
            ]
        ]
        in_path = {each["name"] for each in declared if each["in"] == "path"}
        wanted = {part[1:-1] for part in path.split("/") if part.startswith("{")}
        assert in_path == wanted, (method, path)
        assert all(each["required"] for each in declared if each["in"] == "path")


def test_every_operation_that_takes_a_body_describes_it(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        takes = method in ("POST", "PUT", "PATCH") and (method, path) not in WITHOUT_A_BODY
        assert ("requestBody" in operation) == takes, (method, path)
        if takes:
            body = operation["requestBody"]
            body = resolved(document, body["$ref"]) if "$ref" in body else body
            assert "application/json" in body["content"], (method, path)
            assert body["required"] == (path not in MAY_BE_EMPTY), (method, path)


def test_operations_have_ids_of_their_own(document: dict[str, Any]) -> None:
    named = [op["operationId"] for _, _, op in operations(document) if "operationId" in op]
    assert len(set(named)) == len(named)
