"""Who follows whom."""

from livesrv.auth import Principal
from livesrv.ledger.entry import Entry, Rank, Register, Write, fingerprint
from livesrv.ledger.store import Ledger

from .registers import followers_ranking


async def follow(
    ledger: Ledger, follower: Principal, followed: str, *, is_following: bool, now_ms: int
) -> None:
    """Follow somebody, or no longer. Doing it twice is doing it once."""
    name = f"follow:{followed}:{follower.user}"

    def compose(registers: dict[str, Register]) -> Entry | None:
        version, was_following = registers[name]
        if bool(was_following) == is_following:
            return None
        identity = f"{name}:{version}"
        return Entry(
            id=identity,
            fingerprint=fingerprint([identity, is_following]),
            kind="follow",
            reads=[(name, version)],
            writes=[Write(name, "true" if is_following else "false")],
            ranks=[Rank(followers_ranking(followed), follower.user, now_ms if is_following else 0)],
            facts={"follower": follower.user, "followed": followed, "is_following": is_following},
        )

    await ledger.transact([name], compose)


async def is_follower(ledger: Ledger, user: str, host: str) -> bool:
    return await ledger.score(followers_ranking(host), user) is not None
