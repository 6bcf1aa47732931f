"""`livesrv provider`: plays the payment provider that orders are paid at, with no real money.

It serves the page that a `pay_url` leads to, tells the server with signed webhooks what became of
a payment, and takes requests to send money back. All as protocol/README.md has it; must not know
the ledger. What it remembers ends with it, and of the oldest it remembers only so much.
"""

import asyncio
import secrets
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from html import escape
from typing import Literal, TypeVar
from urllib.parse import parse_qs

import aiohttp
import msgspec
from aiohttp import web
from msgspec import Struct, field

from livesrv.api.http import body, converted, http_problem, json_answer, problem
from livesrv.clock import now_ms
from livesrv.commerce.payments import PaymentEvent
from livesrv.commerce.providers import signature_error, signatures
from livesrv.process import stop_signal
from livesrv.refusal import Refused
from protocol.codes import HTTP_STATUS, ErrorCode
from protocol.messages import Currency, Id

Verdict = Literal["paid", "failed"]

REMEMBERED_MAX = 100_000
WAITING_MAX = 1_000
"""Webhooks on their way at a time; a payment beyond them is refused."""
BODY_BYTES_MAX = 65_536
RETRY_MIN_S, RETRY_MAX_S = 0.5, 30.0
ATTEMPTS_MAX = 60
"""About half an hour of attempts to tell a server that is away."""
ANSWER_WITHIN = aiohttp.ClientTimeout(total=10)
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<h1>{title}</h1>
<p>{text}</p>
{form}</html>
"""
FORM = """<form method="post" action="/pay">
<input type="hidden" name="bill" value="{bill}">
<button name="verdict" value="paid">Pay</button>
<button name="verdict" value="failed">Fail</button>
</form>
"""
SMALLEST = "in the smallest unit of the currency; this is play money"

K = TypeVar("K")
V = TypeVar("V")


class Play(Struct, frozen=True, kw_only=True):
    """How to play. `name` is what the server calls us, `url` the server's own address.

    `auto` decides in the buyer's place as soon as the page is opened; each webhook waits `delay_ms`
    and is sent `repeat` times. The first of `keys` signs, any of them verifies.
    """

    name: str
    url: str
    keys: Sequence[str]
    auto: Verdict | None = None
    delay_ms: int = 0
    repeat: int = 1


class Bill(Struct, frozen=True):
    """What a `pay_url` asks a buyer to pay."""

    order: Id
    total_minor: int
    currency: Currency
    until_ms: int


class Refund(Struct, frozen=True):
    """What the server posts to have money sent back. The same `refund` is the same refund."""

    refund: str
    order: str
    payment: str
    amount_minor: int
    currency: str


class Taken(Struct):
    """A payment that was made here, and how much of it was sent back."""

    event: PaymentEvent
    returned_minor: int = 0


class Till(Struct):
    """What was paid and sent back. An order is paid here once, however often a buyer asks."""

    paid: OrderedDict[str, str] = field(default_factory=OrderedDict)
    payments: OrderedDict[str, Taken] = field(default_factory=OrderedDict)
    refunds: OrderedDict[str, Refund] = field(default_factory=OrderedDict)

    def payment_of(self, bill: Bill, verdict: Verdict) -> PaymentEvent | None:
        """What to tell the server; None for an order that was paid already."""
        if bill.order in self.paid:
            return None
        event = PaymentEvent(
            type=verdict,
            order=bill.order,
            payment="p-" + secrets.token_hex(8),
            amount_minor=bill.total_minor,
            currency=bill.currency,
        )
        if verdict == "paid":
            _remember(self.paid, bill.order, event.payment)
            _remember(self.payments, event.payment, Taken(event))
        return event

    def send_back(self, refund: Refund) -> bool:
        """Send money back, once an id; whether this was the first time.

        Raises `Refused` `conflict` for an id that stands for other content, and for more than was
        paid, as far as the payment is still remembered.
        """
        if (known := self.refunds.get(refund.refund)) is not None:
            if known != refund:
                raise Refused(ErrorCode.CONFLICT, f"{refund.refund} was another refund before")
            return False
        if (taken := self.payments.get(refund.payment)) is not None:
            left = taken.event.amount_minor - taken.returned_minor
            if refund.amount_minor > left:
                raise Refused(ErrorCode.CONFLICT, f"only {left} is left of {refund.payment}")
            taken.returned_minor += refund.amount_minor
        _remember(self.refunds, refund.refund, refund)
        return True


def _remember(known: OrderedDict[K, V], name: K, value: V) -> None:
    known[name] = value
    if len(known) > REMEMBERED_MAX:
        known.popitem(last=False)


def read_bill(keys: Sequence[str], query: str, at_ms: int) -> Bill:
    """The bill in the raw query of a `pay_url`.

    Raises `Refused`: `unauthenticated` for one the server has not signed, `conflict` when the time
    to pay is over.
    """
    asked, _, _ = query.partition("&signature=")
    found = {name: values[0] for name, values in parse_qs(query, keep_blank_values=True).items()}
    bill = _as_bill(found)
    until_s = bill.until_ms // 1000
    signature = found.get("signature", "")
    wrong = signature_error(keys, bill.order, str(until_s), signature, asked.encode(), until_s)
    if wrong is not None:
        raise Refused(ErrorCode.UNAUTHENTICATED, "this bill is not from the server")
    if at_ms >= bill.until_ms:
        raise Refused(ErrorCode.CONFLICT, "the time to pay is over")
    return bill


def _as_bill(found: dict[str, str]) -> Bill:
    try:
        return msgspec.convert(found, Bill, strict=False)
    except msgspec.ValidationError as error:
        raise Refused(ErrorCode.INVALID, f"this is no bill: {error}") from None


class Webhooks:
    """Tells the server what became of payments, again until it answers."""

    def __init__(self, play: Play, session: aiohttp.ClientSession) -> None:
        self._play = play
        self._session = session
        self._address = f"{play.url.rstrip('/')}/v1/payments/{play.name}"
        self._telling: set[asyncio.Task[None]] = set()

    def require_room(self) -> None:
        """Raise `Refused` `busy` while too many are on their way."""
        if len(self._telling) + self._play.repeat > WAITING_MAX:
            raise Refused(ErrorCode.BUSY, "the server is not being told fast enough; try later")

    def tell(self, event: PaymentEvent) -> None:
        """Tell it in a while, as often as we play it; returns at once."""
        message = "m-" + secrets.token_hex(8)
        for _ in range(self._play.repeat):
            task = asyncio.create_task(self._tell(event, message))
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)

    async def _tell(self, event: PaymentEvent, message: str) -> None:
        await asyncio.sleep(self._play.delay_ms / 1000)
        pause_s = RETRY_MIN_S
        for _ in range(ATTEMPTS_MAX):
            answer, is_final = await self._post(event, message)
            say(f"told the server {event.type} {event.order} ({event.payment}): {answer}")
            if is_final:
                return
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, RETRY_MAX_S)
        say(f"gave up telling {event.type} {event.order} ({event.payment})")

    async def _post(self, event: PaymentEvent, message: str) -> tuple[str, bool]:
        """What the server answers, and whether asking again would change nothing."""
        content, at_s = msgspec.json.encode(event), int(time.time())
        headers = {
            "Content-Type": "application/json",
            "webhook-id": message,
            "webhook-timestamp": str(at_s),
            "webhook-signature": signatures(self._play.keys[:1], message, at_s, content),
        }
        try:
            async with self._session.post(
                self._address, data=content, headers=headers, allow_redirects=False
            ) as answer:
                is_final = answer.status < 500 and answer.status not in (408, 429)
                return f"{answer.status} {await answer.text()}", is_final
        except (aiohttp.ClientError, TimeoutError) as error:
            return f"{type(error).__name__} {error}".strip(), False

    async def close(self) -> None:
        for task in self._telling:
            task.cancel()
        await asyncio.gather(*self._telling, return_exceptions=True)


class Desk:
    """The provider's own door."""

    def __init__(self, play: Play, webhooks: Webhooks) -> None:
        self._play = play
        self._webhooks = webhooks
        self._till = Till()

    def app(self) -> web.Application:
        app = web.Application(middlewares=[answer_errors], client_max_size=BODY_BYTES_MAX)
        app.router.add_get("/pay", self._show)
        app.router.add_post("/pay", self._decide)
        app.router.add_post("/refunds", self._refund)
        return app

    async def _show(self, request: web.Request) -> web.Response:
        query = request.rel_url.raw_query_string
        bill = read_bill(self._play.keys, query, now_ms())
        if self._play.auto is not None:
            return self._settled(bill, self._play.auto)
        text = f"{bill.total_minor} {bill.currency} for order {bill.order} ({SMALLEST})."
        return page("To pay", text, FORM.format(bill=escape(query)))

    async def _decide(self, request: web.Request) -> web.Response:
        form = await request.post()
        bill = read_bill(self._play.keys, str(form.get("bill", "")), now_ms())
        return self._settled(bill, converted(form.get("verdict"), Verdict))

    def _settled(self, bill: Bill, verdict: Verdict) -> web.Response:
        self._webhooks.require_room()
        event = self._till.payment_of(bill, verdict)
        if event is None:
            return page("Paid", f"Order {bill.order} was paid before.")
        say(f"{verdict}: {bill.total_minor} {bill.currency} for {bill.order} ({event.payment})")
        self._webhooks.tell(event)
        return page(verdict.title(), f"The server is being told about order {bill.order}.")

    async def _refund(self, request: web.Request) -> web.Response:
        content = await request.read()
        wrong = signature_error(
            self._play.keys,
            request.headers.get("webhook-id", ""),
            request.headers.get("webhook-timestamp", ""),
            request.headers.get("webhook-signature", ""),
            content,
            int(time.time()),
        )
        if wrong is not None:
            raise Refused(ErrorCode.UNAUTHENTICATED, wrong)
        refund = await body(request, Refund)
        is_first = self._till.send_back(refund)
        again = "" if is_first else " again, sent before"
        say(f"refund {refund.refund}: {refund.amount_minor} {refund.currency}{again}")
        return json_answer({"refund": refund.refund, "duplicate": not is_first})


@web.middleware
async def answer_errors(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Every error is a problem document."""
    try:
        return await handler(request)
    except Refused as refused:
        say(f"{request.method} {request.path} refused: {refused.message}")
        return problem(HTTP_STATUS[refused.code], refused.code, refused.message)
    except web.HTTPException as error:
        return http_problem(error)


def page(title: str, text: str, form: str = "") -> web.Response:
    content = PAGE.format(title=escape(title), text=escape(text), form=form)
    return web.Response(text=content, content_type="text/html", headers=HEADERS)


def say(text: str) -> None:
    """Tell whoever watches."""
    print(text, flush=True)


async def run(play: Play, host: str, port: int) -> None:
    """Play until asked to stop. Raises `OSError` when the port is taken."""
    stopped = stop_signal()
    async with aiohttp.ClientSession(timeout=ANSWER_WITHIN) as session:
        webhooks = Webhooks(play, session)
        runner = web.AppRunner(Desk(play, webhooks).app(), access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        try:
            await web.TCPSite(runner, host, port).start()
            bound = runner.addresses[0][1]
            say(f"livesrv provider takes payments at http://{host}:{bound}; Ctrl-C stops it")
            await stopped.wait()
        finally:
            await webhooks.close()
            await runner.cleanup()
