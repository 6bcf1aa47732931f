"""Whom a request is counted under: nobody chooses that but our own proxies."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livesrv.addresses import UNKNOWN, client_address, is_trusted, networks

LOOPBACK = networks(["127.0.0.0/8", "::1/128"])
OURS = networks(["127.0.0.0/8", "::1/128", "10.0.0.0/8", "fd00::/8"])


def test_untrusted_peer_is_the_client_whatever_it_says() -> None:
    assert client_address("203.0.113.7", "", LOOPBACK) == "203.0.113.7"
    assert client_address("203.0.113.7", "198.51.100.1", LOOPBACK) == "203.0.113.7"
    assert client_address("203.0.113.7", "127.0.0.1", LOOPBACK) == "203.0.113.7"


def test_behind_trusted_proxies_the_last_hop_that_is_not_ours_is_the_client() -> None:
    assert client_address("127.0.0.1", "203.0.113.7", OURS) == "203.0.113.7"
    assert client_address("127.0.0.1", "203.0.113.7, 10.1.2.3", OURS) == "203.0.113.7"
    assert client_address("10.0.0.1", "203.0.113.7,10.1.2.3 , fd00::1", OURS) == "203.0.113.7"
    assert client_address("10.0.0.1", "203.0.113.7, 10.1.2.3", LOOPBACK) == "10.0.0.1"


@given(st.text(st.sampled_from("0123456789abcdef.:[], "), max_size=60))
def test_what_a_client_puts_before_its_hop_changes_nothing(forged: str) -> None:
    assert client_address("127.0.0.1", f"{forged},203.0.113.7", LOOPBACK) == "203.0.113.7"


@given(st.text(max_size=40), st.text(max_size=40))
def test_whatever_is_written_there_it_is_read(peer: str, forwarded_for: str) -> None:
    for header in (forwarded_for, f"127.0.0.1,{forwarded_for}"):
        client_address(peer, header, LOOPBACK)
        client_address("127.0.0.1", header, LOOPBACK)


def test_tool_on_a_machine_of_ours_is_under_no_budget() -> None:
    assert client_address("127.0.0.1", "", LOOPBACK) is None
    assert client_address("::1", "", LOOPBACK) is None
    assert client_address("127.0.0.1", "10.9.9.9", OURS) is None


@pytest.mark.parametrize("hop", ["unknown", "_hidden", "", "1.2.3", "unix:", "1.2.3.4.5"])
def test_hop_of_our_own_proxy_that_is_no_address_puts_nobody_under_a_shared_budget(
    hop: str,
) -> None:
    assert client_address("127.0.0.1", f"203.0.113.7,{hop}", LOOPBACK) is None
    assert client_address("198.51.100.1", f"203.0.113.7,{hop}", LOOPBACK) == "198.51.100.1"


def test_peer_without_an_address_shares_one_budget_and_is_not_trusted() -> None:
    for peer in (None, "", "not an address"):
        assert client_address(peer, "203.0.113.7", LOOPBACK) == UNKNOWN
        assert not is_trusted(peer, LOOPBACK)


def test_ipv6_is_counted_by_its_64_and_mapped_ipv4_as_ipv4() -> None:
    assert client_address("2001:db8:1:2:3:4:5:6", "", LOOPBACK) == "2001:db8:1:2::/64"
    assert client_address("2001:db8:1:2::9", "", LOOPBACK) == "2001:db8:1:2::/64"
    assert client_address("2001:db8:1:3::9", "", LOOPBACK) == "2001:db8:1:3::/64"
    assert client_address("::ffff:203.0.113.7", "", LOOPBACK) == "203.0.113.7"
    assert client_address("::ffff:127.0.0.1", "", LOOPBACK) is None


def test_port_of_a_hop_is_left_out() -> None:
    assert client_address("127.0.0.1", "203.0.113.7:4711", LOOPBACK) == "203.0.113.7"
    assert client_address("127.0.0.1", "[2001:db8::7]:4711", LOOPBACK) == "2001:db8::/64"


@pytest.mark.parametrize(
    ("text", "said"),
    [("10.0.0.1/8", "10.0.0.1/8 has host bits set"), ("lan", "'lan' does not appear to be")],
)
def test_wrong_network_is_an_error_that_says_how_one_is_written(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said) + ".*10.1.0.0/16"):
        networks([text])
