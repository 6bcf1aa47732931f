"""Who follows whom."""

from livesrv.auth import Principal
from livesrv.ledger.entry import WORLD, Entry, Rank, Registers, Write, fingerprint, leg
from livesrv.ledger.store import Ledger

from .once import attempt
from .registers import FOLLOWER, followers_account, followers_ranking


async def follow(
    ledger: Ledger, follower: Principal, followed: str, *, is_following: bool, now_ms: int
) -> None:
    """Follow somebody, or no longer. Doing it twice is doing it once."""
    name = f"follow:{followed}:{follower.user}"

    def compose(registers: Registers) -> Entry | None:
        version = registers[name].version
        was_following = version > 0 and registers[name].read(bool)
        if was_following == is_following:
            return None
        change = 1 if is_following else -1
        identity = f"{name}:{version}:{attempt()}"
        return Entry(
            id=identity,
            fingerprint=fingerprint([identity, is_following]),
            kind="follow",
            legs=[
                leg(followers_account(followed), FOLLOWER, change),
                leg(WORLD, FOLLOWER, -change),
            ],
            reads=[(name, version)],
            writes=[Write(name, "true" if is_following else "false")],
            ranks=[Rank(followers_ranking(followed), follower.user, now_ms if is_following else 0)],
            facts={"follower": follower.user, "followed": followed, "is_following": is_following},
        )

    await ledger.transact([name], compose)


async def is_follower(ledger: Ledger, user: str, host: str) -> bool:
    return await ledger.score(followers_ranking(host), user) is not None
