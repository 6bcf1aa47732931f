"""Who moves an order's money. Pure: accounts and addresses, no sockets.

A provider either has the money at hand, like our own wallets, or takes it elsewhere and says so
later, with a signed webhook. Two accounts keep us in step with it: `clearing:NAME` is what it owes
us (below zero), `returns:NAME` what it has still to send back.
"""

import base64
import hmac
from collections.abc import Sequence
from hashlib import sha256
from typing import Protocol
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from livesrv.ledger.entry import Rank, Write

WALLET = "wallet"
TOLERANCE_S = 300
"""How far the time of a signature may be from ours: the replay window."""


class Provider(Protocol):
    """`hold_ms`: how long an order waits for its money; None where it is paid at once."""

    @property
    def name(self) -> str: ...

    @property
    def hold_ms(self) -> int | None: ...

    def pay_url(self, order: str, total_minor: int, currency: str, until_ms: int) -> str | None:
        """Where the buyer pays, when that is elsewhere."""


class WalletProvider(Struct, frozen=True):
    """The buyer's wallet with us."""

    name: str = WALLET
    hold_ms: int | None = None

    def pay_url(self, order: str, total_minor: int, currency: str, until_ms: int) -> str | None:
        return None


class WebhookProvider(Struct, frozen=True):
    """Somebody who takes the money elsewhere. `secrets`: the first signs, any of them verifies."""

    name: str
    hold_ms: int
    url: str
    secrets: tuple[str, ...]

    def pay_url(self, order: str, total_minor: int, currency: str, until_ms: int) -> str | None:
        """The provider's page for one order; its signature keeps the amount from being changed."""
        asked = f"order={order}&total_minor={total_minor}&currency={currency}&until_ms={until_ms}"
        signature = signatures(self.secrets[:1], order, until_ms // 1000, asked.encode())
        return f"{self.url}/pay?{asked}&{urlencode({'signature': signature})}"


RETURNS_RANKING = "returns"
"""The returns that have still to be sent, by when that is to be tried."""


class Return(Struct, frozen=True, kw_only=True):
    """The register `return:ID`: money that a provider is to send back to a buyer."""

    provider: str
    order: str
    payment: str
    amount_minor: int
    currency: str
    is_sent: bool = False
    attempts: int = 0


def return_register(return_id: str) -> str:
    return f"return:{return_id}"


def owe_return(return_id: str, owed: Return, due_ms: int) -> tuple[list[Write], list[Rank]]:
    """What notes a return that is to be sent at a moment."""
    write = Write(return_register(return_id), msgspec.json.encode(owed).decode())
    return [write], [Rank(RETURNS_RANKING, return_id, due_ms)]


def payee(provider: str, buyer: str) -> str:
    """The account that an order's refunds go to."""
    return f"wallet:{buyer}" if provider == WALLET else returns_account(provider)


def clearing_account(provider: str) -> str:
    return f"clearing:{provider}"


def returns_account(provider: str) -> str:
    return f"returns:{provider}"


def signatures(secrets: Sequence[str], message_id: str, at_s: int, body: bytes) -> str:
    """The header `webhook-signature` (standardwebhooks.com): `v1,BASE64` for each secret."""
    signed = f"{message_id}.{at_s}.".encode() + body
    digests = (hmac.digest(secret.encode(), signed, sha256) for secret in secrets)
    return " ".join("v1," + base64.b64encode(digest).decode() for digest in digests)


def signature_error(
    secrets: Sequence[str], message_id: str, timestamp: str, signature: str, body: bytes, now_s: int
) -> str | None:
    """What is wrong with a signed message, None when nothing is."""
    if not (message_id and message_id.isascii()):
        return "the header webhook-id is missing, or not ASCII"
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        return f"webhook-timestamp is {timestamp[:20]!r}; it must be seconds since the epoch"
    if abs(now_s - int(timestamp)) > TOLERANCE_S:
        return f"webhook-timestamp is {timestamp}, now is {now_s}; {TOLERANCE_S} s apart is allowed"
    given = [each.encode(errors="replace") for each in signature.split(" ")[: 2 * len(secrets) + 8]]
    wanted = signatures(secrets, message_id, int(timestamp), body).split(" ")
    if not any(hmac.compare_digest(each.encode(), one) for each in wanted for one in given):
        return "webhook-signature does not fit the body; sign `id.timestamp.body` with HMAC-SHA256"
    return None
