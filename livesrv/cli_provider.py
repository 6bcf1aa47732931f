"""The command `provider`: flags and keys for playing the payment provider."""

import argparse
import asyncio
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

import msgspec

from livesrv import datadir
from livesrv.config import Config, ConfigError, Secret

PLAYED = """It serves the page that pay_url leads to, with a button to pay and one to fail,
tells the server with signed webhooks, and takes requests to send money back.
The server has to know of it:

  export LIVESRV_PAYMENT_URL=http://127.0.0.1:9009
  export LIVESRV_PAYMENT_SECRETS='["a key of at least 32 characters....."]'
  livesrv serve & livesrv provider
"""
HOST = "127.0.0.1"
DAY_MS = 86_400_000


async def provider(config: Config, flags: Namespace) -> int:
    """Play the provider; what it shares with the server is as the running one has it."""
    from livesrv import provider as playing  # no other command loads it

    directory = Path(config.data_dir)
    serving = await asyncio.to_thread(datadir.running, directory) or config
    keys = (flags.secret,) if flags.secret else serving.payment_secrets
    if not keys:
        raise ConfigError(f"no server with payment_secrets runs in {directory}; give --secret")
    play = playing.Play(
        name=flags.name or serving.payment_name,
        url=flags.url,
        keys=keys,
        auto=flags.auto,
        delay_ms=flags.delay_ms,
        repeat=flags.repeat,
    )
    try:
        await playing.run(play, HOST, flags.listen_port)
    except OSError as error:
        raise ConfigError(f"--port: cannot listen on {flags.listen_port}: {error}") from error
    return 0


def add_provider_flags(added: argparse.ArgumentParser) -> None:
    added.description = f"{added.description}\n\n{PLAYED}"
    added.add_argument(
        "--port",
        dest="listen_port",
        type=_within(0, 65_535),
        default=9009,
        metavar="N",
        help="TCP port of its pages, on this machine alone; 0 takes any free one (9009)",
    )
    added.add_argument(
        "--url", default="http://127.0.0.1:8080", help="the server to tell (http://127.0.0.1:8080)"
    )
    added.add_argument(
        "--secret",
        type=_secret,
        metavar="KEY",
        help="what it shares with the server (default: what the running one has)",
    )
    added.add_argument(
        "--name", metavar="ID", help="what orders call it (default: the server's payment_name)"
    )
    added.add_argument(
        "--auto", choices=("paid", "failed"), help="decide as soon as the page is opened"
    )
    for name, least, most, standard, help_ in (
        ("--delay-ms", 0, DAY_MS, 0, "wait so long before the server is told"),
        ("--repeat", 1, 100, 1, "tell the server of each payment so many times"),
    ):
        added.add_argument(
            name,
            type=_within(least, most),
            default=standard,
            metavar="N",
            help=f"{help_} ({standard})",
        )


def _secret(text: str) -> str:
    try:
        return msgspec.convert(text, Secret)
    except msgspec.ValidationError:
        raise argparse.ArgumentTypeError("must have at least 32 characters") from None


def _within(least: int, most: int) -> Callable[[str], int]:
    """Reads an integer in a range."""

    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if not least <= number <= most:
            raise argparse.ArgumentTypeError(f"found {text!r}; must be {least} to {most}")
        return number

    return read
