"""What a proxy leaves out and puts in."""

import pytest
from multidict import CIMultiDict

from livesrv.rehearsal.headers import answered, asked, asks_for_websocket

Pairs = list[tuple[str, str]]


def test_headers_for_one_hop_and_those_that_connection_names_are_not_passed_on() -> None:
    sent = CIMultiDict(
        [
            ("Connection", "keep-alive, X-Mine"),
            ("Keep-Alive", "timeout=5"),
            ("X-Mine", "1"),
            ("TE", "trailers"),
            ("Transfer-Encoding", "chunked"),
            ("Upgrade", "h2c"),
            ("Accept", "text/html"),
        ]
    )
    assert list(asked(sent, "192.0.2.1")) == ["Accept", "X-Forwarded-For"]
    assert list(answered(sent)) == ["Accept"]


@pytest.mark.parametrize(
    ("said", "passed_on"),
    [
        ([], "192.0.2.1"),
        ([("X-Forwarded-For", "203.0.113.5")], "203.0.113.5, 192.0.2.1"),
        ([("X-Forwarded-For", "a"), ("x-forwarded-for", "b")], "a, b, 192.0.2.1"),
        ([("Connection", "X-Forwarded-For")], "192.0.2.1"),
    ],
)
def test_the_connections_other_end_is_always_added_behind_what_was_said(
    said: Pairs, passed_on: str
) -> None:
    assert asked(CIMultiDict(said), "192.0.2.1").getall("X-Forwarded-For") == [passed_on]


def test_a_request_whose_client_has_gone_still_says_that_it_was_passed_on() -> None:
    assert asked(CIMultiDict(), None)["X-Forwarded-For"] == "unknown"


def test_what_is_said_several_times_is_passed_on_several_times() -> None:
    assert asked(CIMultiDict([("A", "1"), ("A", "2")]), "::1").getall("A") == ["1", "2"]


@pytest.mark.parametrize(
    ("headers", "is_one"),
    [
        ([("Connection", "Upgrade"), ("Upgrade", "websocket")], True),
        ([("connection", "keep-alive, upgrade"), ("upgrade", "WebSocket")], True),
        ([("Connection", "keep-alive"), ("Upgrade", "websocket")], False),
        ([("Connection", "Upgrade"), ("Upgrade", "h2c")], False),
        ([], False),
    ],
)
def test_a_websocket_is_asked_for_by_both_headers(headers: Pairs, is_one: bool) -> None:
    assert asks_for_websocket(CIMultiDict(headers)) is is_one
