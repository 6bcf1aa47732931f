"""`/v1/pages`: what kind of server this is, for pages that have to show it.

Must not know the pages. A page asks the server it came from, so it never mistakes one for another.
"""

from aiohttp import web
from msgspec import Struct

from .desk import Desk
from .openapi import Route


class Kind(Struct):
    """Whether there is a login with play money, whether all money is, and whether to practise."""

    is_demo: bool
    is_rehearsal: bool
    has_rehearsal: bool


class PagesEndpoint:
    def __init__(self, desk: Desk) -> None:
        config = desk.config
        self._kind = Kind(config.demo, config.is_rehearsal, bool(config.rehearsal))
        self.routes = [Route("GET", "/v1/pages", "", self._pages, Kind)]

    async def _pages(self, _: web.Request) -> Kind:
        return self._kind
