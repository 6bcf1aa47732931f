"""People who open pages in a browser, each with a device of their own.

Invariant: when they have left, none of their pages has thrown, complained in its console, opened a
dialog of the browser, or been held back by the Content-Security-Policy.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Dialog, Page, ViewportSize

PHONE: ViewportSize = {"width": 390, "height": 844}
SMALL_PHONE: ViewportSize = {"width": 320, "height": 568}
DESK: ViewportSize = {"width": 1280, "height": 800}
WAIT_MS = 15_000
"""For one thing on a page; generous, since the cores are shared with the server and other tests."""
HARMLESS = ("net::ERR_", "WebSocket connection to", "Failed to load resource")
"""What Chromium says of a network that is away: the page's own affair."""

TELL_OF_POLICY = """addEventListener("securitypolicyviolation", (event) => {
  const { effectiveDirective, blockedURI, sourceFile, lineNumber } = event;
  console.error(`${effectiveDirective} forbids ${blockedURI} (${sourceFile}:${lineNumber})`);
});"""
"""Also what a page tries and gets over: not every violation reaches its console."""


class Visitors:
    """Open pages with `open`; say `leave` in the end."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._contexts: list[BrowserContext] = []
        self.complaints: list[str] = []

    def open(
        self,
        url: str,
        *,
        token: str | None = None,
        size: ViewportSize = PHONE,
        language: str = "en",
        before: Callable[[Page], object] | None = None,
        **device: Any,
    ) -> Page:
        """A page on a new device, with `token` in its address. `device`: as of `new_context`.

        `before` may prepare the page while it is still blank.
        """
        context = self._browser.new_context(viewport=size, locale=language, **device)
        context.set_default_timeout(WAIT_MS)
        self._contexts.append(context)
        self._listen(context)
        page = context.new_page()
        if before is not None:
            before(page)
        page.goto(url if token is None else f"{url}#{urlencode({'token': token})}")
        return page

    def leave(self) -> None:
        for context in self._contexts:
            context.close()
        self._contexts.clear()
        assert self.complaints == [], self.complaints

    def _listen(self, context: BrowserContext) -> None:
        """To every page of a device, also those that a page opens."""
        context.add_init_script(TELL_OF_POLICY)
        context.on("console", self._hear)
        context.on("weberror", lambda error: self.complaints.append(f"threw {error.error}"))
        context.on("dialog", self._refuse)

    def _refuse(self, dialog: Dialog) -> None:
        self.complaints.append(f"{dialog.type} says {dialog.message}")
        dialog.dismiss()

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not any(text in message.text for text in HARMLESS):
            self.complaints.append(message.text)
