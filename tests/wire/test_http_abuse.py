"""HTTP: what a broken or hostile client may ask for; it gets a problem document."""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.server import Server

from .client import JSON
from .commands import NO_IDS
from .stage import Show, Stage, fresh, order_of

NO_BODIES = {
    "nothing": b"",
    "no JSON": b"title=peaches",
    "cut short": b'{"title": "pea',
    "an array": b"[]",
    "a string": b'"peaches"',
    "null": b"null",
    "invalid UTF-8": b'{"title": "\xff"}',
    "a lone surrogate": b'{"title": "\\ud800"}',
    "NaN": b'{"title": NaN}',
    "deep nesting": b"[" * 100_000,
    "deep nesting in a field": b'{"title": ' + b"[" * 8000 + b"]" * 8000 + b"}",
    "a huge number": b'{"title": ' + b"9" * 16_000 + b"}",
    "two documents": b'{"title": "a"}{"title": "b"}',
}
BODY_BYTES_FAR_TOO_MANY = 2**21


@pytest.fixture
async def stage(server: Server) -> AsyncIterator[Stage]:
    """One format is enough: HTTP is JSON."""
    async with Stage(server, JSON) as open_stage:
        yield open_stage


@pytest.fixture
async def show(stage: Stage) -> Show:
    return await stage.show()


def routes_with_a_body(show: Show) -> list[tuple[str, str]]:
    room, user = f"/v1/rooms/{show.room}", show.host.user
    return [
        ("POST", "/v1/rooms"),
        ("POST", f"{room}/offers"),
        ("PATCH", f"{room}/offers/{show.offer}"),
        ("POST", f"{room}/orders"),
        ("POST", f"{room}/private-prices"),
        ("PUT", f"{room}/joint-sale"),
        ("POST", f"{room}/joint-sale/agreement"),
        ("POST", f"/v1/wallets/{user}/topups"),
        ("POST", "/v1/payouts"),
        ("PUT", "/v1/cards"),
        ("PUT", f"/v1/contracts/{user}"),
        ("POST", "/v1/coin-rates"),
    ]


async def test_body_that_is_no_object_of_json_is_invalid(stage: Stage, show: Show) -> None:
    token = stage.server.token(show.host.user, "host", "viewer", "ops")
    for method, path in routes_with_a_body(show):
        for kind, body in NO_BODIES.items():
            answer = await stage.http.ask(method, path, raw=body, token=token)
            assert answer.code == "invalid", (path, kind)
            assert answer.status in (400, 413), (path, kind)


async def test_body_that_is_too_long_is_refused(stage: Stage, show: Show) -> None:
    body = b'{"title": "' + b"x" * BODY_BYTES_FAR_TOO_MANY + b'"}'
    for method, path in routes_with_a_body(show):
        answer = await stage.http.ask(method, path, raw=body, token=show.token)
        assert 400 <= answer.status < 500, path


async def test_route_that_does_not_exist_is_not_found(stage: Stage) -> None:
    for path in ("/v1", "/v1/", "/v1/nothing", "/v2/rooms", "/v1/rooms/a/b/c", "/v1/order"):
        for method in ("GET", "POST", "DELETE"):
            assert (await stage.http.ask(method, path)).code == "not_found", (method, path)


async def test_method_a_route_does_not_have_is_a_problem_document(stage: Stage, show: Show) -> None:
    for method, path in (
        ("DELETE", "/v1/rooms"),
        ("PUT", f"/v1/rooms/{show.room}"),
        ("GET", f"/v1/rooms/{show.room}/start"),
        ("POST", "/v1/gifts"),
        ("PATCH", "/v1/wallet"),
    ):
        answer = await stage.http.ask(method, path, {}, token=show.token)
        assert answer.code in ("invalid", "not_found"), (method, path)
        assert answer.status in (404, 405)


async def test_path_with_an_id_that_is_none_is_refused(stage: Stage, show: Show) -> None:
    token = stage.server.token(fresh("all"), "host", "viewer", "ops")
    words = [no_id for no_id in NO_IDS if isinstance(no_id, str) and 0 < len(no_id) < 100]
    no_ids = [quote(word, safe="") for word in words]
    no_ids += ["%00", "%0a", "%ff%fe", "%2e%2e%2f", "a%2fb"]
    for no_id in no_ids:
        for method, path, body in (
            ("GET", f"/v1/rooms/{no_id}", None),
            ("GET", f"/v1/rooms/{no_id}/offers", None),
            ("POST", f"/v1/rooms/{no_id}/start", None),
            ("POST", f"/v1/rooms/{no_id}/orders", order_of(show)),
            ("GET", f"/v1/orders/{no_id}", None),
            ("POST", f"/v1/orders/{no_id}/ship", {}),
            ("POST", f"/v1/orders/{no_id}/deliver", None),
            ("POST", f"/v1/orders/{no_id}/cancel", None),
            ("POST", f"/v1/orders/{no_id}/refunds", {"key": "k"}),
            ("PATCH", f"/v1/rooms/{show.room}/offers/{no_id}", {}),
            ("PUT", f"/v1/consents/{no_id}", None),
            ("GET", f"/v1/private-prices/{no_id}", None),
            ("DELETE", f"/v1/private-prices/{no_id}", None),
            ("PUT", f"/v1/parties/{no_id}", {}),
            ("GET", f"/v1/parties/{no_id}", None),
            ("DELETE", f"/v1/contracts/{no_id}", None),
            ("POST", f"/v1/payments/{no_id}", {}),
            ("PUT", f"/v1/follows/{no_id}", None),
            (
                "POST",
                f"/v1/wallets/{no_id}/topups",
                {"amount_minor": 1, "currency": "CNY", "key": fresh("t")},
            ),
        ):
            answer = await stage.http.ask(method, path, body, token=token)
            assert answer.code in ("invalid", "not_found"), (method, path)


async def test_idempotency_key_that_is_no_id_is_invalid(stage: Stage, show: Show) -> None:
    order = order_of(show)
    del order["key"]
    for key in ("", "a b", "é", "k" * 65, "a,b", '"quoted"'):
        answer = await stage.http.ask(
            "POST",
            f"/v1/rooms/{show.room}/orders",
            order,
            token=stage.server.token(fresh("lan")),
            headers={"Idempotency-Key": key},
        )
        assert answer.code == "invalid", key


async def test_plain_request_to_the_websocket_is_refused(stage: Stage) -> None:
    for method in ("GET", "POST"):
        assert 400 <= (await stage.http.ask(method, "/ws")).status < 500


async def test_request_that_is_no_http_disturbs_nobody(stage: Stage, show: Show) -> None:
    host, port = stage.server.url.removeprefix("http://").split(":")
    endless = b"GET / HTTP/1.1\r\nX: " + b"x" * 100_000
    smuggled = b"POST /v1/rooms HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
    for request in (
        b"\x00" * 100,
        b"GET\r\n\r\n",
        endless,
        smuggled + b"0\r\n\r\n",
        b"\xff" * 9000,
    ):
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(request)
        writer.write_eof()
        try:
            said = await asyncio.wait_for(reader.read(), 10)
        except ConnectionResetError:
            said = b""
        assert b" 500 " not in said.split(b"\r\n")[0]
        writer.close()
    await show.host.do("ping")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)
fields = st.sampled_from(
    [
        *("room", "title", "city", "media_url", "offer", "price_minor", "currency", "stock"),
        *("limit_per_buyer", "key", "lines", "total_minor", "made_at_ms", "amount_minor"),
        *("shares_bps", "number", "flash", "opens_ms", "restock", "is_withdrawn", "buyer"),
        *("quantity", "expires_ms", "rates_bps", "reference", "until_ms", "is_manufacturer"),
    ]
)


@settings(
    max_examples=100,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(which=st.integers(0, 11), body=st.dictionaries(fields, json_values, max_size=8))
async def test_random_body_is_carried_out_or_refused(
    stage: Stage, show: Show, which: int, body: dict[str, object]
) -> None:
    token = stage.server.token(show.host.user, "host", "viewer", "ops")
    method, path = routes_with_a_body(show)[which]
    answer = await stage.http.ask(method, path, body, token=token)
    assert answer.status == 200 or answer.code != "internal"
