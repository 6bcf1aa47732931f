"""Fixtures for every test that needs a real server."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from .embedded import bus_client as bus_client
from .embedded import bus_store as bus_store
from .embedded import nodes as nodes
from .server import QUICK, Serve, Server, serving

# How long an example takes says how busy the machine is; a test that hangs has its timeout.
settings.register_profile(
    "busy machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("busy machine")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server with two workers for all tests; use rooms and users of your own on it.

    When the last test is done its books must be clean.
    """
    with serving(tmp_path_factory.mktemp("server"), QUICK) as running:
        yield running
        running.audit()
        running.stop()
        running.audit()


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A directory for what puts Unix sockets deep within it: their paths have 107 bytes at most."""
    with tempfile.TemporaryDirectory(prefix="ls-") as directory:
        yield Path(directory)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Start servers with settings of their own: `serve(hello_timeout_ms=200)`."""
    starting = Serve(tmp_path)
    yield starting
    starting.close()
