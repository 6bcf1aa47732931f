"""The rehearsal's configuration, made from the real server's. Pure.

Invariant: nothing that is real can be reached from it: no store, no provider of payments, and no
address but this machine's own.
"""

from pathlib import Path

from msgspec.structs import replace

from livesrv.config import Config

HOST = "127.0.0.1"
DIRECTORY = "rehearsal"
LOOPBACK = ("127.0.0.0/8", "::1/128")
PROXIES_MAX = 64
CONNECTIONS_MAX = 1_000
"""A few streamers, whom they invite, and the audiences that are played for them."""


def directory(config: Config) -> Path:
    """The rehearsal's DATA_DIR."""
    return Path(config.data_dir) / DIRECTORY


def practice(config: Config) -> Config:
    """What the rehearsal beside the server `config` is run with; its port is any free one."""
    # The real workers pass requests on: they are proxies of ours, in front of those configured.
    proxies = tuple(dict.fromkeys([*LOOPBACK, *config.trusted_proxies]))
    return replace(
        config,
        host=HOST,
        port=0,
        data_dir=str(directory(config)),
        workers=1,
        ledger_url=None,
        bus_url=None,
        payment_url=None,
        payment_secrets=(),
        trusted_proxies=proxies[:PROXIES_MAX],
        connections_max=CONNECTIONS_MAX,
        drain_ms=0,
        rehearsal=False,
        is_rehearsal=True,
    )
