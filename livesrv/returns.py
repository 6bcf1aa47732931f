"""Has payment providers send money back: signed requests, until each is taken on.

A provider is called while nothing is locked and nothing waits: what is to be returned is in the
books already, and that it was is noted there afterwards. It may therefore be asked twice, always
with the same id, and must send the money once.
"""

import asyncio
import logging
import time

import aiohttp
import msgspec

from livesrv.clock import now_ms
from livesrv.commerce import payments
from livesrv.commerce.providers import (
    RETURNS_RANKING,
    Return,
    WebhookProvider,
    return_register,
    signatures,
)
from livesrv.commerce.terms import Terms
from livesrv.ledger.store import AWAY, Ledger, Unavailable

log = logging.getLogger(__name__)

LOOK_S = 0.5
AT_ONCE_MAX = 16
ANSWER_WITHIN = aiohttp.ClientTimeout(total=10)


class Returns:
    """Sends what providers have still to pay back."""

    def __init__(self, ledger: Ledger, terms: Terms) -> None:
        self._ledger = ledger
        self._terms = terms

    async def run(self) -> None:
        """Send until cancelled; a store or a provider that is away is waited for."""
        async with aiohttp.ClientSession(timeout=ANSWER_WITHIN) as session:
            while True:
                try:
                    due = await self._ledger.upto(RETURNS_RANKING, now_ms(), AT_ONCE_MAX)
                    await asyncio.gather(*(self._send(session, each) for each in due))
                except (Unavailable, *AWAY) as error:
                    log.warning("returns wait: %s", error)
                await asyncio.sleep(LOOK_S)

    async def _send(self, session: aiohttp.ClientSession, return_id: str) -> None:
        name = return_register(return_id)
        owed = (await self._ledger.read([name]))[name].read(Return)
        problem = await self._ask(session, return_id, owed)
        if problem is None:
            return await payments.note_sent(self._ledger, return_id)
        due_ms = await payments.postpone(self._ledger, return_id, now_ms())
        log.warning(
            "%s does not return %d %s of order %s (%s); next try in %d s",
            owed.provider,
            owed.amount_minor,
            owed.currency,
            owed.order,
            problem,
            (due_ms - now_ms()) // 1000,
        )
        return None

    async def _ask(
        self, session: aiohttp.ClientSession, return_id: str, owed: Return
    ) -> str | None:
        """Ask the provider; returns why it did not agree, None when it did."""
        provider = self._terms.providers.get(owed.provider)
        if not isinstance(provider, WebhookProvider):
            return "it is not configured any more"
        body = msgspec.json.encode(
            {
                "refund": return_id,
                "order": owed.order,
                "payment": owed.payment,
                "amount_minor": owed.amount_minor,
                "currency": owed.currency,
            }
        )
        at_s = int(time.time())
        headers = {
            "Content-Type": "application/json",
            "webhook-id": return_id,
            "webhook-timestamp": str(at_s),
            "webhook-signature": signatures(provider.secrets[:1], return_id, at_s, body),
        }
        try:
            async with session.post(
                f"{provider.url}/refunds", data=body, headers=headers, allow_redirects=False
            ) as answer:
                return None if 200 <= answer.status < 300 else f"it answers {answer.status}"
        except (aiohttp.ClientError, TimeoutError) as error:
            return f"{type(error).__name__}: {error}"
