"""Endpoints of what people hold and earn, and of the agreements that decide it."""

from typing import Annotated

from aiohttp import web
from msgspec import Meta, Struct

from livesrv.clock import now_ms
from livesrv.commerce import parties, payouts, wallets
from protocol.messages import AMOUNT_MAX, Currency, Id

from .desk import Desk
from .http import body, key_of, path_id
from .openapi import Route


class TopUp(Struct, kw_only=True):
    """Money into a wallet. `key` makes it happen once."""

    amount_minor: Annotated[int, Meta(ge=1, le=AMOUNT_MAX)]
    currency: Currency
    key: Id


class Wallet(Struct):
    balances: list[wallets.Holding]


class Earnings(Struct):
    earnings: list[wallets.Earning]


class CoinRates(Struct):
    rates: list[payouts.NewCoinRate]


class CardList(Struct):
    cards: list[parties.CardView]


class MoneyEndpoints:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._ledger = desk.ledger
        party, contract = "/v1/parties/{user}", "/v1/contracts/{user}"
        self.routes = [
            Route("GET", "/v1/wallet", "viewer", self._wallet, Wallet),
            Route("POST", "/v1/wallets/{user}/topups", "ops", self._topup, wallets.ToppedUp, TopUp),
            Route("GET", "/v1/earnings", "viewer", self._earnings, Earnings),
            Route(
                "POST", "/v1/payouts", "viewer", self._pay_out, payouts.PaidOut, payouts.NewPayout
            ),
            Route("POST", "/v1/coin-rates", "ops", self._add_rate, CoinRates, payouts.NewCoinRate),
            Route("GET", "/v1/coin-rates", "", self._list_rates, CoinRates),
            Route("GET", "/v1/cards", "ops", self._list_cards, CardList),
            Route("PUT", "/v1/cards", "ops", self._set_card, parties.CardView, parties.NewCard),
            Route("PUT", party, "ops", self._set_party, parties.Party, parties.PartyChange),
            Route("GET", party, "they and ops", self._read_party, parties.Party),
            Route("PUT", contract, "ops", self._sign, parties.Party, parties.NewContract),
            Route("DELETE", contract, "ops", self._revoke, parties.Party),
        ]

    async def _wallet(self, request: web.Request) -> Wallet:
        return Wallet(await wallets.holdings(self._ledger, self._desk.user(request).user))

    async def _topup(self, request: web.Request) -> wallets.ToppedUp:
        self._desk.ops(request)
        new = await body(request, TopUp)
        return await wallets.topup(
            self._ledger,
            user=path_id(request, "user"),
            amount_minor=new.amount_minor,
            currency=new.currency,
            key=new.key,
        )

    async def _earnings(self, request: web.Request) -> Earnings:
        return Earnings(await wallets.earnings(self._ledger, self._desk.user(request).user))

    async def _pay_out(self, request: web.Request) -> payouts.PaidOut:
        party, new = self._desk.user(request), await body(request, payouts.NewPayout)
        return await payouts.pay_out(
            self._ledger,
            party.user,
            key_of(request, new.key),
            new,
            tax_bps=self._desk.terms.payout_tax_bps,
            now_ms=now_ms(),
        )

    async def _add_rate(self, request: web.Request) -> CoinRates:
        by, new = self._desk.ops(request), await body(request, payouts.NewCoinRate)
        return CoinRates(await payouts.add_coin_rate(self._ledger, by, new))

    async def _list_rates(self, _: web.Request) -> CoinRates:
        return CoinRates(await payouts.list_coin_rates(self._ledger))

    async def _list_cards(self, request: web.Request) -> CardList:
        self._desk.ops(request)
        return CardList(await parties.list_cards(self._ledger, self._desk.terms))

    async def _set_card(self, request: web.Request) -> parties.CardView:
        by, new = self._desk.ops(request), await body(request, parties.NewCard)
        return await parties.set_card(self._ledger, by, new)

    async def _set_party(self, request: web.Request) -> parties.Party:
        by, change = self._desk.ops(request), await body(request, parties.PartyChange)
        return await parties.set_party(self._ledger, by, path_id(request, "user"), change)

    async def _read_party(self, request: web.Request) -> parties.Party:
        reader, user = self._desk.user(request), path_id(request, "user")
        return await parties.read_one(self._ledger, reader, user)

    async def _sign(self, request: web.Request) -> parties.Party:
        by, new = self._desk.ops(request), await body(request, parties.NewContract)
        return await parties.sign_contract(self._ledger, by, path_id(request, "user"), new)

    async def _revoke(self, request: web.Request) -> parties.Party:
        by, user = self._desk.ops(request), path_id(request, "user")
        return await parties.revoke_contract(self._ledger, by, user, now_ms())
