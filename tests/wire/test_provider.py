"""`livesrv provider` as a process of its own: bills shown and paid, money taken back, once."""

import asyncio
import html
import json
import re
import socket
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import aiohttp
import pytest
import yarl
from aiohttp import web

from tests.server import LIVESRV, QUICK, Serve, Server
from tests.waiting import until

from .shop import NOWHERE, PAYMENTS, SECRET, Shop, on, signature, signed
from .stage import PRICE_MINOR

STOP_WITHIN_S = 30.0
REFUND = {"refund": "r1", "order": "o1", "payment": "p1", "amount_minor": 5, "currency": "CNY"}


class Provider:
    """A running provider."""

    def __init__(self, url: str, log: Path) -> None:
        self.url = url
        self._log = log

    def said(self, pattern: str) -> list[str]:
        """What it has printed that looks like this, in order."""
        return re.findall(pattern, self._log.read_text())

    async def has_said(self, pattern: str, times: int = 1) -> None:
        await until(lambda: len(self.said(pattern)) >= times)


@asynccontextmanager
async def playing(log: Path, port: int, *flags: str) -> AsyncIterator[Provider]:
    """Start one; in the end SIGTERM ends it, with status 0."""
    provider = Provider(f"http://127.0.0.1:{port}", log)
    command = [*LIVESRV, "provider", "--port", f"{port}", *flags]
    with log.open("wb") as told:
        process = await asyncio.create_subprocess_exec(*command, stdout=told, stderr=told)
    try:
        await provider.has_said(f"takes payments at {provider.url};")
        yield provider
    finally:
        process.terminate()
        assert await asyncio.wait_for(process.wait(), STOP_WITHIN_S) == 0
    assert provider.said("Traceback") == []


def shared_with(server: Server) -> tuple[str, ...]:
    """The flags of one that learns from the running server what they share."""
    return ("--url", server.url, "--data-dir", str(server.data_dir))


@pytest.fixture
def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


@pytest.fixture
async def shop(serve: Serve, free_port: int) -> AsyncIterator[Shop]:
    """A server whose provider is to be on that port."""
    settings = QUICK | PAYMENTS | {"payment_url": f"http://127.0.0.1:{free_port}"}
    settings["post_deadline_ms"] = 500
    async with on(serve(**settings)) as open_shop:
        yield open_shop


@pytest.fixture
async def browser() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def page(answer: aiohttp.ClientResponse) -> str:
    async with answer:
        assert answer.status == 200, await answer.text()
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        content = await answer.text()
        assert "<script" not in content
        return content


async def press(browser: aiohttp.ClientSession, pay_url: str, verdict: str) -> str:
    """Open the page as a browser does and press one of its buttons."""
    form = await page(await browser.get(pay_url))
    assert f"{PRICE_MINOR} CNY" in form
    found = re.search(r'name="bill" value="([^"]*)"', form)
    assert found is not None
    url = urlsplit(pay_url)
    fields = {"bill": html.unescape(found[1]), "verdict": verdict}
    return await page(await browser.post(f"{url.scheme}://{url.netloc}/pay", data=fields))


async def test_a_bill_is_paid_once_and_its_money_comes_back_in_parts(
    shop: Shop, free_port: int, tmp_path: Path, browser: aiohttp.ClientSession
) -> None:
    show = await shop.show()
    lan = await shop.buyer(show)
    flags = (*shared_with(shop.server), "--repeat", "3")
    async with playing(tmp_path / "log", free_port, *flags) as provider:
        held = await shop.hold(lan, show)
        await press(browser, held["pay_url"], "paid")
        await lan.pushed("order_update", order=held["order"], status="paid")
        assert "paid before" in await press(browser, held["pay_url"], "paid")
        await provider.has_said(r"told the server paid .*: 200 ", 3)
        for key in ("a", "b"):
            body = {"key": key, "amount_minor": PRICE_MINOR // 2}
            await shop.move(held["order"], "refunds", show.token, body)
        await provider.has_said(r"refund \S+: 1495 CNY\n", 2)
        assert provider.said(r"(\S+): 1495 CNY again") == []
    shop.server.audit()


async def test_a_payment_that_fails_ends_the_hold_and_may_be_tried_again(
    shop: Shop, free_port: int, tmp_path: Path, browser: aiohttp.ClientSession
) -> None:
    show = await shop.show()
    lan = await shop.buyer(show)
    async with playing(tmp_path / "log", free_port, *shared_with(shop.server)):
        held = await shop.hold(lan, show)
        await press(browser, held["pay_url"], "failed")
        await lan.pushed("order_update", order=held["order"], status="expired")
        await press(browser, held["pay_url"], "paid")
        await lan.pushed("order_update", order=held["order"], status="paid")


async def test_a_provider_that_is_away_is_asked_again_until_it_takes_the_refund(
    shop: Shop, free_port: int, tmp_path: Path
) -> None:
    show = await shop.show()
    lan = await shop.buyer(show)
    order = (await shop.hold(lan, show))["order"]
    await shop.tell("paid", order)
    assert (await shop.tell("paid", order, payment="second"))["returned"] is True
    await until(lambda: "does not return 2990 CNY" in shop.server.log_text())
    async with playing(tmp_path / "log", free_port, *shared_with(shop.server)) as provider:
        await provider.has_said(rf"refund {order}:payment:second: 2990 CNY\n")


async def test_an_answer_that_leads_elsewhere_is_no_promise_to_send_money_back(
    shop: Shop, free_port: int
) -> None:
    """A proxy's login page answers 200, but only after a redirect."""
    show = await shop.show()
    lan = await shop.buyer(show)

    async def answer(request: web.Request) -> web.Response:
        if request.path == "/refunds":
            raise web.HTTPFound("/login")
        return web.Response(text="who are you?")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", free_port).start()
    order = (await shop.hold(lan, show))["order"]
    await shop.tell("paid", order)
    await shop.move(order, "refunds", show.token, {"key": "k"})
    await until(lambda: "it answers 302" in shop.server.log_text())
    await runner.cleanup()


async def test_a_server_that_is_away_is_told_again(
    shop: Shop, free_port: int, tmp_path: Path, browser: aiohttp.ClientSession
) -> None:
    show = await shop.show()
    lan = await shop.buyer(show)
    flags = (*shared_with(shop.server), "--auto", "paid")
    async with playing(tmp_path / "log", free_port, *flags) as provider:
        held = await shop.hold(lan, show)
        with shop.server.paused("ledger"):
            await page(await browser.get(held["pay_url"]))
            await provider.has_said(r"told the server paid .*: (503|TimeoutError)")
        await provider.has_said(r"told the server paid .*: 200 ")
    assert (await shop.read(held["order"], shop.token(lan)))["status"] == "paid"


# --- the provider alone


@pytest.fixture
async def provider(free_port: int, tmp_path: Path) -> AsyncIterator[Provider]:
    flags = ("--secret", SECRET, "--url", NOWHERE)
    async with playing(tmp_path / "log", free_port, *flags) as playing_alone:
        yield playing_alone


def bill(provider: Provider, *, until_ms: int, secret: str = SECRET, signed_total: int = 5) -> str:
    asked = f"order=o1&total_minor={{}}&currency=CNY&until_ms={until_ms}"
    made = signature(secret, "o1", until_ms // 1000, asked.format(signed_total).encode())
    return f"{provider.url}/pay?{asked.format(5)}&{urlencode({'signature': made})}"


async def test_a_bill_that_the_server_has_not_signed_is_not_shown(
    provider: Provider, browser: aiohttp.ClientSession
) -> None:
    later_ms = int(time.time() * 1000) + 3_600_000
    for url, status in (
        (bill(provider, until_ms=later_ms), 200),
        (bill(provider, until_ms=later_ms, secret="x" * 32), 401),
        (bill(provider, until_ms=later_ms, signed_total=4), 401),
        (bill(provider, until_ms=later_ms).partition("&signature")[0], 401),
        (bill(provider, until_ms=1_000_000), 409),
        (f"{provider.url}/pay", 400),
        (f"{provider.url}/pay?order=a%20b&total_minor=x", 400),
    ):
        async with browser.get(yarl.URL(url, encoded=True)) as answer:
            assert answer.status == status, (url, await answer.text())


async def test_a_refund_is_taken_once_an_id_when_it_is_signed(
    provider: Provider, browser: aiohttp.ClientSession
) -> None:
    async def ask(refund: dict[str, object], secret: str = SECRET) -> tuple[int, object]:
        content = json.dumps(refund).encode()
        headers = signed(content, secret=secret)
        async with browser.post(f"{provider.url}/refunds", data=content, headers=headers) as said:
            return said.status, (await said.json(content_type=None)).get("duplicate")

    assert await ask(REFUND) == (200, False)
    assert await ask(REFUND) == (200, True)
    assert (await ask(REFUND | {"amount_minor": 6}))[0] == 409
    assert (await ask({**REFUND, "refund": "r2"}, secret="x" * 32))[0] == 401
    assert (await ask({"refund": "r3"}))[0] == 400
    assert len(provider.said(r"refund r1: 5 CNY\n")) == 1


# --- the command line


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--secret", "short"], "at least 32 characters"),
        (["--repeat", "0"], "must be 1 to 100"),
        (["--delay-ms", "soon"], "must be 0 to 86400000"),
        (["--auto", "maybe"], "invalid choice"),
        ([], "give --secret"),
    ],
)
def test_flags_that_make_no_sense_end_with_status_2_and_say_why(
    tmp_path: Path, flags: list[str], said: str
) -> None:
    command = [*LIVESRV, "provider", "--data-dir", str(tmp_path), *flags]
    done = subprocess.run(command, capture_output=True, text=True, timeout=STOP_WITHIN_S)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


async def test_a_port_that_is_taken_ends_it_with_status_2(
    provider: Provider, tmp_path: Path
) -> None:
    port = provider.url.rpartition(":")[2]
    command = [*LIVESRV, "provider", "--secret", SECRET, "--port", port]
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    _, said = await asyncio.wait_for(process.communicate(), STOP_WITHIN_S)
    assert (process.returncode, b"--port" in said) == (2, True)
