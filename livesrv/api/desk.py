"""What all endpoints of a worker share: the books, the terms, and who is asking."""

from aiohttp import web

from livesrv import auth
from livesrv.auth import Principal
from livesrv.commerce.parties import require_ops
from livesrv.commerce.terms import terms_of
from livesrv.config import Config
from livesrv.ledger.store import Ledger
from livesrv.refusal import Refused
from protocol.codes import ErrorCode


class Desk:
    """Where endpoints meet the ledger."""

    def __init__(self, config: Config, secret: str, ledger: Ledger) -> None:
        self.config = config
        self.ledger = ledger
        self.terms = terms_of(config)
        self._secret = secret

    def user(self, request: web.Request) -> Principal:
        """Who asks. Raises `BadToken`, and `Refused` without a token."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Refused(ErrorCode.UNAUTHENTICATED, "this needs `Authorization: Bearer TOKEN`")
        return auth.verify(self._secret, token.strip())

    def ops(self, request: web.Request) -> Principal:
        """Who asks, being of the operations people. Raises `Refused` `forbidden` for others."""
        user = self.user(request)
        require_ops(user)
        return user
