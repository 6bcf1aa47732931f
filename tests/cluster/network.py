"""Hosts of one's own on this machine: network namespaces on a bridge. Linux, and root alone.

The test itself stands on the bridge, at `address`. Invariant: when `network` ends, nothing is left
of it; names and addresses are made up anew each time, so that several may run at once.
"""

import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from random import SystemRandom

import pytest

TEST_NETWORKS = 1 << 13
"""198.18.0.0/15, which is there for tests of networks, has so many of 16 addresses each."""
NETWORK_BITS = 28


class Network:
    """A bridge with hosts. `address` is ours, the next ones are theirs."""

    def __init__(self, name: str, number: int) -> None:
        self._name = name
        self._first = number * 16
        self.hosts: list[Host] = []
        self.address = self._address(1)

    def _address(self, index: int) -> str:
        place = self._first + index
        return f"198.{18 + (place >> 16)}.{place >> 8 & 255}.{place & 255}"

    def open(self) -> None:
        _ip("link", "add", self._name, "type", "bridge")
        _ip("addr", "add", f"{self.address}/{NETWORK_BITS}", "dev", self._name)
        _ip("link", "set", self._name, "up")

    def close(self) -> None:
        _ip("link", "del", self._name)

    @contextmanager
    def host(self, index: int) -> Iterator["Host"]:
        """Another host on the same network; whatever runs in it must have ended before."""
        name, address = f"{self._name}-{index}", self._address(1 + index)
        _ip("netns", "add", name)
        try:
            outer, inner = f"{self._name}o{index}", f"{self._name}i{index}"
            _ip("link", "add", outer, "type", "veth", "peer", "name", inner, "netns", name)
            _ip("link", "set", outer, "master", self._name, "up")
            _ip("-n", name, "addr", "add", f"{address}/{NETWORK_BITS}", "dev", inner)
            _ip("-n", name, "link", "set", inner, "up")
            _ip("-n", name, "link", "set", "lo", "up")
            yield Host(address, ["ip", "netns", "exec", name])
        finally:
            _ip("netns", "del", name)  # and with it both ends of its cable


class Host:
    def __init__(self, address: str, inside: list[str]) -> None:
        self.address = address
        self.inside = inside
        """Begins a command that is to run there."""


@contextmanager
def network(hosts: int) -> Iterator[Network]:
    """A network with so many hosts beside us; skips the test where that cannot be."""
    _require_privileges()
    made = Network(f"ls{secrets.token_hex(3)}", SystemRandom().randrange(TEST_NETWORKS))
    with ExitStack() as stack:
        made.open()
        stack.callback(made.close)
        made.hosts = [stack.enter_context(made.host(index + 1)) for index in range(hosts)]
        yield made


def _require_privileges() -> None:
    missing = None
    if os.geteuid() != 0:
        missing = "network namespaces are for root alone"
    elif shutil.which("ip") is None:
        missing = "network namespaces need `ip`, which Debian has in iproute2"
    if missing and os.environ.get("CI") == "true":
        pytest.fail(missing)
    if missing:
        pytest.skip(missing)


def _ip(*command: str) -> None:
    done = subprocess.run(["ip", *command], capture_output=True, text=True)
    assert done.returncode == 0, f"ip {' '.join(command)}: {done.stderr}"
