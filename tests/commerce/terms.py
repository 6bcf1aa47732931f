"""The terms of trade that tests of commerce agree on."""

from livesrv.commerce.terms import Terms, terms_of
from livesrv.config import Config

NOW_MS = 1_700_000_000_000
HOUR_MS = 3_600_000
SECRET = "s" * 32


def terms(**settings: object) -> Terms:
    """The configuration's own terms, with a provider `pay` whose orders are held for a minute."""
    chosen: dict[str, object] = {
        "payment_url": "http://127.0.0.1:9",
        "payment_secrets": (SECRET,),
        "payment_hold_s": 60,
        "holds_per_buyer_max": 1_000,
        **settings,
    }
    return terms_of(Config(**chosen))  # type: ignore[arg-type]
