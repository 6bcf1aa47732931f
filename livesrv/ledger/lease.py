"""A lease in the ledger's store: of all who share a ledger, one at a time holds it.

It makes two holders rare, not impossible: whoever does something under it must be able to bear
another one for a moment. A store that is away takes nobody's lease; who held it goes on, and learns
from the store, when that is back, whether somebody else has it now.
"""

import asyncio
import logging
from contextlib import suppress
from typing import Any

from redis.asyncio import Redis

from .store import AWAY

log = logging.getLogger(__name__)

TTL_MS = 4_000
"""So long after its holder has died, with the whole host, may another one take it."""
RENEW_S = 1.0
LOOK_S = 0.25
"""Between two looks of one who stands by: so soon is a lease taken that was given back."""

_HOLD = """
local owner = redis.call('GET', KEYS[1])
if owner and owner ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""
_RELEASE = """
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 1
"""


class Lease:
    """One owner's try at the lease `name`. An owner that was killed has it back at once."""

    def __init__(self, store: Redis, name: str, owner: str) -> None:
        self._store = store
        self._name = name
        self._key = f"lease:{name}"
        self._owner = owner

    async def hold(self) -> bool:
        """Take it, or keep it for another while; False when somebody else has it."""
        found: Any = await self._store.eval(_HOLD, 1, self._key, self._owner, str(TTL_MS))
        return bool(found)

    async def taken(self) -> None:
        """Wait until it is ours; a store that is away is waited for."""
        is_told = False
        while True:
            with suppress(*AWAY):
                if await self.hold():
                    log.info("holding the lease %s", self._name)
                    return
                if not is_told:
                    log.info("standing by: another one holds the lease %s", self._name)
                is_told = True
            await asyncio.sleep(LOOK_S)

    async def keep(self) -> None:
        """Renew it until cancelled; ends when somebody else has it."""
        while True:
            await asyncio.sleep(RENEW_S)
            try:
                if not await self.hold():
                    log.warning("another one holds the lease %s now", self._name)
                    return
            except AWAY as error:
                log.warning("the lease %s cannot be renewed: %s", self._name, error)

    async def release(self) -> None:
        """Give it back, so that another one need not wait until it runs out."""
        with suppress(*AWAY):
            released: Any = self._store.eval(_RELEASE, 1, self._key, self._owner)
            await released
