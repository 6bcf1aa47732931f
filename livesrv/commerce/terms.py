"""The terms of trade: what the configuration says about prices, rates, windows and payment."""

from collections.abc import Mapping

from msgspec import Struct

from livesrv.config import Config

from .cards import Card
from .providers import WALLET, Provider, WalletProvider, WebhookProvider

HOUR_MS = 3_600_000


class Terms(Struct, frozen=True, kw_only=True):
    """`order_card` and `gift_card` hold until others are put in force."""

    gift_prices: Mapping[str, int]
    order_card: Card
    gift_card: Card
    quick_order_followers_min: int
    key_window_h: int
    providers: Mapping[str, Provider]
    holds_per_buyer_max: int
    deliver_after_ms: int
    return_window_ms: int
    gift_window_ms: int
    payout_tax_bps: int


def terms_of(config: Config) -> Terms:
    gift_rates_bps = {role: bps for role, bps in config.gift_card_bps.items() if role != "host"}
    return Terms(
        gift_prices=config.gifts,
        order_card=Card(config.order_card_bps, 0),
        gift_card=Card(gift_rates_bps, 0),
        quick_order_followers_min=config.quick_order_followers_min,
        key_window_h=config.key_window_h,
        providers=_providers(config),
        holds_per_buyer_max=config.holds_per_buyer_max,
        deliver_after_ms=round(config.deliver_after_h * HOUR_MS),
        return_window_ms=round(config.return_window_h * HOUR_MS),
        gift_window_ms=round(config.gift_window_h * HOUR_MS),
        payout_tax_bps=config.payout_tax_bps,
    )


def _providers(config: Config) -> Mapping[str, Provider]:
    providers: dict[str, Provider] = {WALLET: WalletProvider()}
    if config.payment_url is not None:
        providers[config.payment_name] = WebhookProvider(
            name=config.payment_name,
            hold_ms=config.payment_hold_s * 1000,
            url=config.payment_url.rstrip("/"),
            secrets=config.payment_secrets,
        )
    return providers
