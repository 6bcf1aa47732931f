"""Fixtures for tests that look at the pages as people do, in a browser."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.chromium import browser as started_browser

from .visit import WAIT_MS, Visitors


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One for a module, whose tests must not be async: Playwright has a loop running meanwhile."""
    expect.set_options(timeout=WAIT_MS)
    with started_browser("--mute-audio") as started:
        yield started


@pytest.fixture
def visitors(browser: Browser) -> Iterator[Visitors]:
    """People with a device each. In the end no page has complained, nor broken the policy."""
    group = Visitors(browser)
    yield group
    group.leave()
