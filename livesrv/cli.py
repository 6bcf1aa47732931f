"""What each command does. Prints for people on stdout, and raises what `__main__` explains."""

import asyncio
import secrets
import time
from argparse import Namespace
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Annotated, get_type_hints

import msgspec
from msgspec import Meta, Struct
from redis.asyncio import Redis
from redis.exceptions import RedisError

from livesrv import auth, datadir, stores
from livesrv.children import Child
from livesrv.commerce import wallets
from livesrv.config import Config, ConfigError
from livesrv.datadir import Claim
from livesrv.ledger import journal
from livesrv.ledger.archive import Archive
from livesrv.ledger.archiver import Archiver, require_known
from livesrv.ledger.audit import audit
from livesrv.ledger.rebuild import NotEmpty, rebuild
from livesrv.ledger.replay import Report
from livesrv.ledger.store import Ledger, install
from livesrv.ledger.watch import halted, resume
from livesrv.stores import StoreError
from livesrv.supervisor import STORE_GRACE_S, Supervisor, store_program
from protocol.messages import AMOUNT_MAX, Currency, Id

STORE_WAIT_S = 2.0
"""A person is waiting; a store that was just killed is back sooner."""


class TopUp(Struct):
    """The flags of `topup`, in the wire's own limits."""

    user: Id
    amount_minor: Annotated[int, Meta(ge=1, le=AMOUNT_MAX, description="an integer, 1 to 2^50")]
    currency: Currency
    key: Id


async def serve(config: Config, _: Namespace) -> int:
    supervisor = Supervisor(config)
    await supervisor.start()
    print(f"livesrv serves at {supervisor.url}; Ctrl-C stops it", flush=True)
    await supervisor.run_until_stopped()
    return 0


async def demo(config: Config, _: Namespace) -> int:
    from livesrv.demo import run  # a server that is no demo loads none of it

    return await run(config)


async def token(config: Config, flags: Namespace) -> int:
    """Print a token and nothing else, so that $(livesrv token …) is one."""
    key = await asyncio.to_thread(_signing_key, config)
    try:
        minted = auth.mint(
            key,
            flags.user,
            flags.role,
            ttl_s=round(flags.ttl_h * 3600),
            now_s=int(time.time()),
            name=flags.name,
        )
    except ValueError as error:
        raise ConfigError(str(error)) from error
    print(minted)
    return 0


async def topup(config: Config, flags: Namespace) -> int:
    wanted = _checked_topup(
        {
            "user": flags.user,
            "amount_minor": flags.amount_minor,
            "currency": flags.currency,
            "key": flags.key or f"cli-{secrets.token_hex(8)}",
        }
    )
    async with ledger_store(config) as store, _ledger(store) as ledger:
        await require_known(store, archive_of(config))
        await install(store)
        done = await wallets.topup(ledger, **msgspec.structs.asdict(wanted))
    moved = "nothing moved: done before" if done.duplicate else f"{wanted.amount_minor} added"
    print(f"{wanted.user}: {moved} with key {wanted.key}; {done.balance_minor} {wanted.currency}")
    return 0


async def audited(config: Config, flags: Namespace) -> int:
    """Replay archive and journal. 0 only when every number in the store follows from them."""
    await require_ledger(config)
    archive = Archive(Path(flags.archive)) if flags.archive else archive_of(config)
    async with ledger_store(config) as store:
        report = await audit(store, archive)
    print(_as_json(report) if flags.json else _as_text(report))
    return 0 if report.is_clean else 1


async def resumed(config: Config, _: Namespace) -> int:
    """Let money move again that the live audit has stopped, once the books are clean."""
    await require_ledger(config)
    async with ledger_store(config) as store:
        await install(store)
        reason = await halted(store)
        if reason is None:
            print("money is not stopped")
            return 0
        print(f"money was stopped: {reason}")
        report = await audit(store, archive_of(config))
        if report.is_clean:
            await resume(store)
    print(_as_text(report))
    print("money moves again" if report.is_clean else "money stays stopped")
    return 0 if report.is_clean else 1


async def archived(config: Config, _: Namespace) -> int:
    """Seal all that is posted by now, whether a server runs or not."""
    await require_ledger(config)
    archive = archive_of(config)
    async with ledger_store(config) as store:
        await require_known(store, archive)
        await install(store)
        archiver = Archiver(
            store,
            archive,
            segment_lines=config.archive_segment_lines,
            keep_lines=config.journal_keep_lines,
        )
        sealed = await archiver.seal_all()
        digest = (await journal.extent(store)).sealed_sha256
    print(f"sealed up to place {sealed} in {archive.directory}; SHA-256 {digest or 'none'}")
    return 0


async def rebuilt(config: Config, flags: Namespace) -> int:
    """Make the ledger again from its archive, in an empty store."""
    own = archive_of(config)
    source = Archive(Path(flags.source)) if flags.source else own
    if not source.segments():
        raise ConfigError(f"there is no archive in {source.directory}; say where with --from")
    into, keep_lines = flags.into or config.ledger_url, config.journal_keep_lines
    async with AsyncExitStack() as stack:
        if into is None:
            into = await stack.enter_async_context(_own_store(Path(config.data_dir)))
        else:
            own = source
            await stores.check(into, role="ledger", wait_s=STORE_WAIT_S)
        store = await stack.enter_async_context(_connected(into))
        try:
            done = await rebuild(store, source, own=own, keep_lines=keep_lines)
        except NotEmpty as error:
            raise StoreError(f"ledger store {stores.redacted(into)}: {error}") from error
    print(f"rebuilt {done.lines} lines from {done.segments} segments of {source.directory}")
    return 0


async def require_ledger(config: Config) -> None:
    if config.ledger_url is None and not await asyncio.to_thread(_has_ledger, config):
        raise ConfigError(f"there is no ledger in {config.data_dir}; say where with --data-dir")


def archive_of(config: Config) -> Archive:
    return Archive(datadir.archive(Path(config.data_dir)))


def _has_ledger(config: Config) -> bool:
    directory = Path(config.data_dir)
    return (directory / "ledger").exists() or datadir.is_held(directory)


@asynccontextmanager
async def ledger_store(config: Config) -> AsyncIterator[Redis]:
    """The ledger store: as configured, else the running server's, else started for the moment."""
    url = config.ledger_url
    if url is None:
        running = await asyncio.to_thread(datadir.running, Path(config.data_dir))
        url = None if running is None else running.ledger_url
    if url is None:
        async with _own_store(Path(config.data_dir)) as own_url, _connected(own_url) as store:
            yield store
    else:
        await stores.check(url, role="ledger", wait_s=STORE_WAIT_S)
        async with _connected(url) as store:
            yield store


@asynccontextmanager
async def _own_store(directory: Path) -> AsyncIterator[str]:
    """The embedded ledger store of a server that is not running now."""
    claim = await asyncio.to_thread(Claim, directory)
    store = stores.embedded("ledger", directory)
    log_file = datadir.log_file(directory / "logs", "ledger")
    child = Child(store_program(store), log_file=log_file, keep_fds=(claim.children_fd,))
    try:
        await child.start()
        yield store.url
    finally:
        await child.stop(grace_s=STORE_GRACE_S)
        claim.release()


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[Redis]:
    store = stores.connect(url)
    try:
        yield store
    except RedisError as error:
        raise StoreError(f"ledger store {stores.redacted(url)}: {error}") from error
    finally:
        await store.aclose()


@asynccontextmanager
async def _ledger(store: Redis) -> AsyncIterator[Ledger]:
    ledger = Ledger(store)
    running = asyncio.create_task(ledger.run())
    try:
        yield ledger
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


def _signing_key(config: Config) -> str:
    """What the server verifies with: a running one may have it from where we cannot look."""
    directory = Path(config.data_dir)
    if config.jwt_secret is None:
        running = datadir.running(directory)
        if running is not None and running.jwt_secret is not None:
            return running.jwt_secret
    return auth.secret(directory, config.jwt_secret)


def _checked_topup(flags: Mapping[str, object]) -> TopUp:
    for name, wanted in get_type_hints(TopUp, include_extras=True).items():
        try:
            msgspec.convert(flags[name], wanted)
        except msgspec.ValidationError as error:
            flag, rule = name.replace("_", "-"), wanted.__metadata__[0].description
            raise ConfigError(f"--{flag}: found {flags[name]!r}; must be {rule}") from error
    return msgspec.convert(flags, TopUp)


def _as_json(report: Report) -> str:
    document = {"clean": report.is_clean} | msgspec.structs.asdict(report)
    return msgspec.json.format(msgspec.json.encode(document)).decode()


def _as_text(report: Report) -> str:
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(report.kinds.items()))
    figures = (
        f"{report.lines} lines ({kinds or 'none'}); {report.accounts} accounts; "
        f"{report.rooms} rooms; {report.unsettled} above the commission watermark; "
        f"sealed up to place {report.sealed} in {report.segments} segments"
    )
    breaches = [f"breach: {breach}" for breach in report.breaches]
    verdict = "clean" if report.is_clean else f"breaches: {len(breaches)}"
    return "\n".join([figures, *breaches, verdict])
