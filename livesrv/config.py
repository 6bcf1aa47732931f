"""One frozen `Config`: defaults < TOML file < environment < flags.

Every setting carries its range and its meaning in its type, so that errors, `--help` and the docs
say the same thing. Must not know who uses a setting. Invariant: a `Config` that `load` returned
is usable as it stands; whatever was wrong was said in one `ConfigError`.
"""

import difflib
import json
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import msgspec
from msgspec import Meta, Struct, field

from livesrv.addresses import networks
from protocol.messages import ID_PATTERN

ENV_PREFIX = "LIVESRV_"
ENV_NOT_SETTINGS = frozenset({"LIVESRV_READY_FD"})
"""Variables of ours that are not settings: what the supervisor tells its children."""
BPS_WHOLE = 10_000
"""Basis points in the whole."""
ORDER_ROLES = ("platform", "host", "broker", "agency", "promoter", "tax")
"""Who may have a rate in an order; the seller gets what is left."""
GIFT_ROLES = ("platform", "agency", "tax")
"""Who may have a rate in a gift; the host gets what is left."""

_HIDDEN = frozenset({"jwt_secret", "ledger_url", "bus_url", "payment_secrets"})
"""Settings that may hold a secret: an error does not repeat what it found there."""

Key = Annotated[str, Meta(pattern=ID_PATTERN)]
Coins = Annotated[int, Meta(ge=1, le=10**9)]
Bps = Annotated[int, Meta(ge=0, le=BPS_WHOLE)]
StoreUrl = Annotated[str, Meta(pattern=r"^(rediss?(\+cluster)?|unix)://\S+(?!\n)$")]
Secret = Annotated[str, Meta(min_length=32)]
Url = Annotated[str, Meta(max_length=500, pattern=r"^https?://[^\s?#]+(?!\n)$")]
Word = Annotated[str, Meta(min_length=1, max_length=64)]
Origin = Annotated[str, Meta(max_length=200, pattern=r"^https?:(//[A-Za-z0-9.*:\[\]_-]+)?(?!\n)$")]
"""A source of a Content-Security-Policy: `https:`, or `https://video.example:8443`."""
Network = Annotated[str, Meta(min_length=1, max_length=64)]


class ConfigError(ValueError):
    """A setting is unknown, ill-typed or out of range; the message is one sentence for a person."""


class Config(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All settings. Unit last in a name; `description` is what the help prints."""

    host: Annotated[str, Meta(min_length=1, description="address to listen on")] = "127.0.0.1"
    port: Annotated[
        int, Meta(ge=0, le=65_535, description="TCP port to listen on; 0 takes any free one")
    ] = 8080
    data_dir: Annotated[
        str, Meta(min_length=1, description="directory of the embedded stores, secret and logs")
    ] = ".livesrv"
    workers: Annotated[
        int, Meta(ge=1, le=64, description="serving processes; one a core is a good start")
    ] = 1

    ledger_url: Annotated[
        StoreUrl | None,
        Meta(
            description="ledger store instead of the embedded one: redis://HOST:PORT, unix:///PATH"
        ),
    ] = None
    bus_url: Annotated[
        StoreUrl | None,
        Meta(
            description="bus store instead of the embedded one: redis://HOST:PORT, unix:///PATH, "
            "or a cluster: redis+cluster://HOST:PORT,HOST:PORT"
        ),
    ] = None
    jwt_secret: Annotated[
        Secret | None, Meta(description="HS256 key of tokens, instead of the one in DATA_DIR")
    ] = None

    gifts: Annotated[dict[Key, Coins], Meta(description="gifts and their prices in coins")] = field(
        default_factory=lambda: {"rose": 1, "heart": 10, "rocket": 1000}
    )
    gift_card_bps: Annotated[
        dict[Key, Bps],
        Meta(description="who shares a gift, in basis points that sum to 10000"),
    ] = field(default_factory=lambda: {"platform": 5000, "host": 5000})
    order_card_bps: Annotated[
        dict[Key, Bps],
        Meta(description="who shares an order, in basis points; the seller gets the rest"),
    ] = field(default_factory=lambda: {"platform": 500, "host": 1000})

    quick_order_followers_min: Annotated[
        int, Meta(ge=0, description="followers a host needs to sell a manufacturer's goods")
    ] = 1_000
    payment_name: Annotated[Key, Meta(description="what orders call the outside provider")] = "pay"
    payment_url: Annotated[
        Url | None,
        Meta(description="outside payment provider: buyers pay at URL/pay; none: wallets only"),
    ] = None
    payment_secrets: Annotated[
        tuple[Secret, ...],
        Meta(max_length=8, description="keys of its webhooks; the first signs, any verifies"),
    ] = ()
    holds_per_buyer_max: Annotated[
        int, Meta(ge=1, le=1_000, description="orders of one buyer that may wait for their payment")
    ] = 10
    payment_hold_s: Annotated[
        int, Meta(ge=1, le=604_800, description="seconds an order waits for an outside payment")
    ] = 900
    deliver_after_h: Annotated[
        float, Meta(ge=0, le=8_760, description="hours from shipping until it counts as delivered")
    ] = 240
    return_window_h: Annotated[
        float, Meta(ge=0, le=8_760, description="hours from delivery until earnings are available")
    ] = 168
    gift_window_h: Annotated[
        float, Meta(ge=0, le=8_760, description="hours until earnings from gifts are available")
    ] = 24
    payout_tax_bps: Annotated[
        Bps, Meta(description="tax withheld from payouts, in basis points")
    ] = 0

    deflate: Annotated[
        bool, Meta(description="compress batches for clients that offer permessage-deflate")
    ] = True
    heartbeat_ms: Annotated[
        int, Meta(ge=100, le=600_000, description="pause between two WebSocket pings")
    ] = 25_000
    hello_timeout_ms: Annotated[
        int, Meta(ge=10, le=60_000, description="time a new connection has to say hello")
    ] = 5_000
    flush_window_ms: Annotated[
        int, Meta(ge=1, le=1_000, description="least time a busy room gathers between two batches")
    ] = 50
    flush_window_max_ms: Annotated[
        int,
        Meta(ge=1, le=5_000, description="most time it gathers, when sending itself takes long"),
    ] = 200
    history_events: Annotated[
        int,
        Meta(ge=1, le=100_000, description="reliable events a worker and the bus keep per room"),
    ] = 1_000
    recent_comments: Annotated[
        int, Meta(ge=0, le=1_000, description="latest comments in a room's snapshot")
    ] = 30
    waterfall_items_max: Annotated[
        int, Meta(ge=1, le=10_000, description="comments a batch carries; the others are shed")
    ] = 500
    waterfall_comments_per_s: Annotated[
        int,
        Meta(
            ge=0,
            le=1_000_000,
            description="comments a second a room shows each viewer, fairly chosen; 0 is no limit",
        ),
    ] = 200
    saver_window_ms: Annotated[
        int,
        Meta(ge=1, le=5_000, description="least time between two batches of who saves data"),
    ] = 1_000
    saver_comments_per_s: Annotated[
        int,
        Meta(ge=1, le=200, description="comments a second a room shows who saves data"),
    ] = 3

    slow_skip_bytes: Annotated[
        int, Meta(ge=1, description="unsent bytes from which a connection misses the waterfall")
    ] = 65_536
    slow_close_bytes: Annotated[
        int, Meta(ge=1, description="unsent bytes from which a connection is closed at once")
    ] = 1_048_576
    slow_close_after_ms: Annotated[
        int, Meta(ge=1, description="time a connection may stay slow before it is closed")
    ] = 30_000

    connections_max: Annotated[int, Meta(ge=1, description="connections per worker")] = 100_000
    connections_per_user_max: Annotated[
        int, Meta(ge=1, description="connections per user and worker; one more closes the oldest")
    ] = 10
    commands_per_s: Annotated[
        int, Meta(ge=1, description="commands a connection may send, sustained")
    ] = 200
    commands_burst: Annotated[
        int, Meta(ge=1, description="commands a connection may send at once")
    ] = 1_000
    comments_per_s: Annotated[
        int, Meta(ge=1, description="comments a connection may send, sustained")
    ] = 20
    comments_burst: Annotated[
        int, Meta(ge=1, description="comments a connection may send at once")
    ] = 100
    user_commands_per_s: Annotated[
        int,
        Meta(ge=1, description="commands of a user on all connections to a worker, sustained"),
    ] = 400
    user_commands_burst: Annotated[
        int, Meta(ge=1, description="commands of a user at once, on all connections to a worker")
    ] = 2_000
    user_comments_per_s: Annotated[
        int,
        Meta(ge=1, description="comments of a user on all connections to a worker, sustained"),
    ] = 40
    user_comments_burst: Annotated[
        int, Meta(ge=1, description="comments of a user at once, on all connections to a worker")
    ] = 200
    room_comments_per_s: Annotated[
        int, Meta(ge=1, description="comments for one room that a worker takes in")
    ] = 5_000

    trusted_proxies: Annotated[
        tuple[Network, ...],
        Meta(
            max_length=64,
            description="networks of your own proxies, whose X-Forwarded-For is believed; "
            "who comes from them without one has no budget and may read /metrics",
        ),
    ] = ("127.0.0.0/8", "::1/128")
    # Behind one address may be a village: carriers put some hundreds to 2,000 subscribers behind
    # one. All 2,000 open a page (some 6 requests, and 40 files, which cost an eighth) and a socket
    # within 30 s, and all may stay.
    address_requests_per_s: Annotated[
        float,
        Meta(ge=0.1, description="requests and handshakes of one address to a worker, sustained"),
    ] = 300
    address_requests_burst: Annotated[
        int, Meta(ge=1, description="requests and handshakes of one address to a worker at once")
    ] = 4_000
    connections_per_address_max: Annotated[
        int, Meta(ge=1, description="connections of one address to a worker")
    ] = 5_000
    handshakes_per_s: Annotated[
        int, Meta(ge=1, description="WebSocket handshakes a worker accepts, sustained")
    ] = 2_000
    handshakes_burst: Annotated[
        int, Meta(ge=1, description="WebSocket handshakes a worker accepts at once")
    ] = 10_000
    blocked_words: Annotated[
        tuple[Word, ...], Meta(description="words that keep a comment from being shown")
    ] = ()

    key_window_h: Annotated[
        int, Meta(ge=72, le=8_760, description="hours an idempotency key is remembered")
    ] = 72
    post_queue_max: Annotated[
        int, Meta(ge=1, description="entries that may wait for the ledger; more answer `busy`")
    ] = 8_192
    post_batch_max: Annotated[
        int, Meta(ge=1, le=1_024, description="entries in one call of the ledger")
    ] = 128
    post_deadline_ms: Annotated[
        int, Meta(ge=1, description="time an entry may take before it answers `busy`")
    ] = 10_000
    archive_segment_lines: Annotated[
        int, Meta(ge=10, le=1_000_000, description="lines of the journal in a file of the archive")
    ] = 20_000
    journal_keep_lines: Annotated[
        int,
        Meta(ge=10, description="newest lines of the journal that stay in the store's memory too"),
    ] = 50_000
    drain_ms: Annotated[
        int, Meta(ge=0, le=600_000, description="time clients have to move when a worker stops")
    ] = 1_000
    media_origins: Annotated[
        tuple[Origin, ...],
        Meta(max_length=32, description="where the pages may load a room's video from"),
    ] = ("https:",)
    embedding_sites: Annotated[
        tuple[Origin, ...],
        Meta(max_length=32, description="sites that may show the pages in a frame of theirs"),
    ] = ()
    demo: Annotated[
        bool, Meta(description="let anybody log in on the pages, with any role and play money")
    ] = False
    rehearsal: Annotated[
        bool | None,
        Meta(
            description="run a second server for practice, with books of its own and an audience "
            "that is played, under /rehearsal/; none: only in a demo"
        ),
    ] = None
    rehearsal_minutes_max: Annotated[
        float, Meta(ge=0.1, le=120, description="minutes an audience is played for one rehearsal")
    ] = 10
    is_rehearsal: Annotated[
        bool, Meta(description="this server is the one for practice: all its money is play money")
    ] = False

    def __post_init__(self) -> None:
        """Check what concerns more than one value."""
        _check(
            sum(self.gift_card_bps.values()) == BPS_WHOLE,
            f"gift_card_bps: the shares sum to {sum(self.gift_card_bps.values())} basis points; "
            f"they must sum to {BPS_WHOLE}",
        )
        _check(
            sum(self.order_card_bps.values()) <= BPS_WHOLE,
            f"order_card_bps: the shares sum to {sum(self.order_card_bps.values())} basis points; "
            f"at most {BPS_WHOLE}",
        )
        _check(
            "seller" not in self.order_card_bps,
            "order_card_bps: the seller is named; leave it out, the seller gets what is left",
        )
        _check_roles("order_card_bps", self.order_card_bps, ORDER_ROLES)
        _check_roles("gift_card_bps", self.gift_card_bps, (*GIFT_ROLES, "host"))
        _check(
            self.payment_name != "wallet",
            "payment_name: found wallet, which is our own; give the provider another name",
        )
        _check(
            (self.payment_url is None) or bool(self.payment_secrets),
            "payment_url: needs payment_secrets too, so that its webhooks can be trusted",
        )
        _check(
            self.flush_window_ms <= self.flush_window_max_ms,
            f"flush_window_max_ms: found {self.flush_window_max_ms}; must be at least "
            f"flush_window_ms ({self.flush_window_ms})",
        )
        _check(
            self.slow_skip_bytes <= self.slow_close_bytes,
            f"slow_close_bytes: found {self.slow_close_bytes}; must be at least "
            f"slow_skip_bytes ({self.slow_skip_bytes})",
        )
        _check_networks("trusted_proxies", self.trusted_proxies)
        _check(
            not (self.is_rehearsal and self.rehearsal),
            "rehearsal: found true; a server that is a rehearsal has none of its own",
        )
        _check(
            not (self.is_rehearsal and self.payment_url),
            "payment_url: found one; a rehearsal takes no real money, so leave it out",
        )


TYPES: dict[str, Any] = get_type_hints(Config, include_extras=True)
"""The name of every setting, in the order of `Config`, and its annotated type."""
TYPES = {name: TYPES[name] for name in Config.__struct_fields__}


def load(path: Path | None, environ: Mapping[str, str], flags: Mapping[str, object]) -> Config:
    """Merge the TOML file at `path`, the `LIVESRV_*` of `environ` and `flags` over the defaults.

    A flag that is None was not given; an empty environment variable counts as not set. In the
    environment, maps and lists are JSON. Raises `ConfigError`.
    """
    return Config(**(_from_file(path) | _from_environ(environ) | _from_flags(flags)))


def to_json(config: Config) -> bytes:
    return msgspec.json.format(msgspec.json.encode(config), indent=2) + b"\n"


def from_json(document: bytes) -> Config:
    """Read back what `to_json` wrote: how a worker learns what its supervisor resolved."""
    try:
        return msgspec.json.decode(document, type=Config)
    except (msgspec.DecodeError, ValueError) as error:
        raise ConfigError(f"the resolved configuration is damaged: {error}") from error


def description(name: str) -> str:
    """What the setting `name` means, with its unit, range and default."""
    meta = next(m for m in TYPES[name].__metadata__ if m.description is not None)
    least = "" if meta.ge is None else f"{meta.ge} or more; "
    within = least if meta.le is None else f"{meta.ge} to {meta.le}; "
    return f"{meta.description} ({within}default: {_shown(getattr(Config(), name))})"


def _from_file(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:  # of TOML or of UTF-8
        raise ConfigError(f"{path} is not TOML: {error}") from error
    return {
        _known(name, f"{path}: ", TYPES): _converted(name, value, f"{path}: {name}", strict=True)
        for name, value in table.items()
    }


def _from_environ(environ: Mapping[str, str]) -> dict[str, Any]:
    variables = {ENV_PREFIX + name.upper(): name for name in TYPES}
    found: dict[str, Any] = {}
    for variable, text in environ.items():
        if not variable.startswith(ENV_PREFIX) or variable in ENV_NOT_SETTINGS:
            continue
        name = variables[_known(variable, "environment: ", variables)]
        if text:
            found[name] = _converted(name, _unquoted(name, text, variable), variable, strict=False)
    return found


def _from_flags(flags: Mapping[str, object]) -> dict[str, Any]:
    return {
        _known(name, "flags: ", TYPES): _converted(name, value, _as_flag(name), strict=False)
        for name, value in flags.items()
        if value is not None
    }


def _known(name: str, where: str, names: Mapping[str, Any]) -> str:
    if name in names:
        return name
    nearest = difflib.get_close_matches(name, names, n=1, cutoff=0)
    raise ConfigError(f"{where}unknown setting {name}; did you mean {nearest[0]}?")


def _unquoted(name: str, text: str, where: str) -> object:
    """The value an environment variable holds: JSON where the setting is a map or a list."""
    if not isinstance(getattr(Config(), name), dict | tuple):
        return text
    try:
        value: object = json.loads(text)
    except ValueError as error:
        raise ConfigError(f"{where}: found {text!r}, which is not JSON ({error})") from error
    return value


def _converted(name: str, value: object, where: str, *, strict: bool) -> object:
    try:
        converted: object = msgspec.convert(value, TYPES[name], strict=strict)
    except msgspec.ValidationError as error:
        found = "something else" if name in _HIDDEN else _shown(value)
        wanted = str(error).replace("`", "").replace("Expected", "expected", 1)
        raise ConfigError(f"{where}: found {found}; {wanted} — {description(name)}") from error
    return converted


def _check(holds: bool, complaint: str) -> None:
    if not holds:
        raise ConfigError(complaint)


def _check_roles(name: str, rates_bps: Mapping[str, int], known: tuple[str, ...]) -> None:
    unknown = sorted(set(rates_bps) - set(known))
    _check(not unknown, f"{name}: found {unknown}; the roles are {', '.join(known)}")


def _check_networks(name: str, texts: Sequence[str]) -> None:
    try:
        networks(texts)
    except ValueError as error:
        raise ConfigError(f"{name}: {error}") from None


def _as_flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def _shown(value: object) -> str:
    """As one would write it in a TOML file or in the environment, near enough."""
    try:
        return json.dumps(value, ensure_ascii=False) if value is not None else "none"
    except TypeError:  # a TOML date
        return str(value)
