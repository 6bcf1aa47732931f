"""What the platform has agreed with people who sell: contracts, agencies, rate cards, permissions.

`party:USER` holds what concerns one of them, `cards` the rate cards that hold for everybody else,
`consent:OWNER:SELLER` whether one lets the other sell what is theirs. Every change is an entry, so
the journal tells who changed which rate when.
"""

import itertools
from collections.abc import Callable
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from livesrv.auth import Principal
from livesrv.config import GIFT_ROLES, ORDER_ROLES
from livesrv.ledger.entry import Entry, Register, Registers, Write, fingerprint
from livesrv.ledger.split import BPS_WHOLE
from livesrv.ledger.store import Ledger
from livesrv.refusal import Refused
from protocol.codes import ErrorCode
from protocol.messages import Id, Short, TimeMs

from .cards import Card, Cards, RatesBps
from .once import attempt
from .registers import offer_register, read_sheet
from .terms import Terms

CARDS_REGISTER = "cards"
CATEGORIES_MAX = 500


class Contract(Struct, frozen=True, kw_only=True):
    """A manufacturer's signed contract with the platform; it holds until revoked or over."""

    reference: Short
    from_ms: TimeMs
    until_ms: TimeMs | None = None
    revoked_ms: TimeMs | None = None

    def holds_at(self, now_ms: int) -> bool:
        ends = [ms for ms in (self.until_ms, self.revoked_ms) if ms is not None]
        return self.from_ms <= now_ms < min(ends, default=now_ms + 1)


class Party(Struct, frozen=True, kw_only=True):
    """The register `party:USER`.

    `host_card` and `gift_card` are for what happens in their rooms, `seller_card` for their goods.
    """

    is_manufacturer: bool = False
    agency: str | None = None
    contract: Contract | None = None
    host_card: Card | None = None
    seller_card: Card | None = None
    gift_card: Card | None = None


class PartyChange(Struct, kw_only=True):
    """The body of `PUT /v1/parties/{user}`."""

    is_manufacturer: bool = False
    agency: Id | None = None


class NewContract(Struct, kw_only=True):
    """The body of `PUT /v1/contracts/{user}`."""

    reference: Annotated[str, Meta(min_length=1, max_length=64)]
    from_ms: TimeMs
    until_ms: TimeMs | None = None


class NewCard(Struct, kw_only=True):
    """The body of `PUT /v1/cards`.

    `subject` is the user of `seller`, `host` and `gifts_of`, the name of `category`, or the offer
    of `offer`, which needs its `room` too; `default` and `gifts` have none.
    """

    scope: Literal["default", "category", "host", "seller", "offer", "gifts", "gifts_of"]
    rates_bps: RatesBps
    subject: Id | None = None
    room: Id | None = None


class CardView(Struct):
    """A card as it stands now."""

    scope: str
    rates_bps: dict[str, int]
    version: int


def party_register(user: str) -> str:
    return f"party:{user}"


def consent_register(owner: str, seller: str) -> str:
    return f"consent:{owner}:{seller}"


def read_party(register: Register) -> Party:
    return register.read(Party) if register.version else Party()


def read_cards(register: Register) -> Cards:
    return register.read(Cards) if register.version else Cards()


def require_ops(user: Principal) -> None:
    if "ops" not in user.roles:
        raise Refused(ErrorCode.FORBIDDEN, "this takes the role ops")


async def set_party(ledger: Ledger, by: Principal, user: str, change: PartyChange) -> Party:
    """Say whether somebody is a manufacturer, and which agency they belong to."""
    require_ops(by)
    return await _change_party(
        ledger,
        by,
        user,
        lambda party: replace(party, is_manufacturer=change.is_manufacturer, agency=change.agency),
    )


async def sign_contract(ledger: Ledger, by: Principal, user: str, new: NewContract) -> Party:
    """Record a manufacturer's contract with the platform; it replaces an earlier one."""
    require_ops(by)
    if new.until_ms is not None and new.until_ms <= new.from_ms:
        raise Refused(ErrorCode.INVALID, f"until_ms {new.until_ms} is not after {new.from_ms}")
    contract = Contract(reference=new.reference, from_ms=new.from_ms, until_ms=new.until_ms)
    return await _change_party(ledger, by, user, lambda party: _with_contract(party, contract))


async def revoke_contract(ledger: Ledger, by: Principal, user: str, now_ms: int) -> Party:
    """End a contract now. Raises `Refused` `not_found` when there is none."""
    require_ops(by)

    def revoked(party: Party) -> Party:
        if party.contract is None:
            raise Refused(ErrorCode.NOT_FOUND, f"{user} has no contract")
        if party.contract.revoked_ms is not None:
            return party
        return replace(party, contract=replace(party.contract, revoked_ms=now_ms))

    return await _change_party(ledger, by, user, revoked)


def _with_contract(party: Party, contract: Contract) -> Party:
    """The same contract again leaves a standing one as it is."""
    return party if party.contract == contract else replace(party, contract=contract)


async def set_card(ledger: Ledger, by: Principal, new: NewCard) -> CardView:
    """Put a rate card in force for what is ordered and given from now on; the same changes nothing.

    Raises `Refused`: `forbidden`, `invalid` for roles or rates that make no card, `not_found` for
    the offer.
    """
    require_ops(by)
    _check_card(new)
    view: CardView | None = None

    def compose(registers: Registers) -> Entry | None:
        nonlocal view
        name, before, document = _card_in(registers, new)
        rates_bps = dict(new.rates_bps)
        if before and before.rates_bps == rates_bps:
            view = CardView(_scope_name(new), rates_bps, before.version)
            return None
        card = Card(rates_bps, before.version + 1 if before else 1)
        view = CardView(_scope_name(new), rates_bps, card.version)
        facts = {"scope": view.scope, "card": card}
        return change_entry("card", by, name, registers[name], document(card), facts)

    await ledger.transact([], compose)
    assert view is not None  # `compose` has set it
    return view


async def list_cards(ledger: Ledger, terms: Terms) -> list[CardView]:
    """The cards that hold where nothing more specific does."""
    cards = read_cards((await ledger.read([CARDS_REGISTER]))[CARDS_REGISTER])
    named = {
        "default": cards.order or terms.order_card,
        "gifts": cards.gift or terms.gift_card,
        **{f"category:{name}": card for name, card in sorted(cards.categories.items())},
    }
    return [CardView(scope, dict(card.rates_bps), card.version) for scope, card in named.items()]


def _check_card(new: NewCard) -> None:
    roles = GIFT_ROLES if new.scope.startswith("gifts") else ORDER_ROLES
    if unknown := sorted(set(new.rates_bps) - set(roles)):
        raise Refused(ErrorCode.INVALID, f"unknown role {unknown[0]}; here are {', '.join(roles)}")
    if (total := sum(new.rates_bps.values())) > BPS_WHOLE:
        raise Refused(
            ErrorCode.INVALID, f"the rates sum to {total} basis points; {BPS_WHOLE} is all"
        )
    needs_subject = new.scope not in ("default", "gifts")
    if needs_subject != (new.subject is not None):
        raise Refused(
            ErrorCode.INVALID, f"a card of scope {new.scope} {_needs(needs_subject)} `subject`"
        )
    if (new.scope == "offer") != (new.room is not None):
        raise Refused(
            ErrorCode.INVALID, f"a card of scope {new.scope} {_needs(new.scope == 'offer')} `room`"
        )


def _needs(is_needed: bool) -> str:
    return "needs" if is_needed else "has no"


def _scope_name(new: NewCard) -> str:
    return ":".join(part for part in (new.scope, new.room, new.subject) if part)


def _card_in(
    registers: Registers, new: NewCard
) -> tuple[str, Card | None, Callable[[Card], Struct]]:
    """The register that holds a card, the card in it, and the document with another one."""
    subject = new.subject or ""
    if new.scope == "offer":
        name = offer_register(new.room or "", subject)
        sheet = read_sheet(registers[name], subject)
        return name, sheet.card, lambda card: replace(sheet, card=card)
    if new.scope in ("host", "seller", "gifts_of"):
        name, field = party_register(subject), _PARTY_CARDS[new.scope]
        party = read_party(registers[name])
        return name, getattr(party, field), lambda card: replace(party, **{field: card})
    cards = read_cards(registers[CARDS_REGISTER])
    if new.scope == "category":
        return (
            CARDS_REGISTER,
            cards.categories.get(subject),
            lambda card: _in_category(cards, subject, card),
        )
    field = "order" if new.scope == "default" else "gift"
    return CARDS_REGISTER, getattr(cards, field), lambda card: replace(cards, **{field: card})


_PARTY_CARDS = {"host": "host_card", "seller": "seller_card", "gifts_of": "gift_card"}


def _in_category(cards: Cards, category: str, card: Card) -> Cards:
    categories = {**cards.categories, category: card}
    if len(categories) > CATEGORIES_MAX:
        raise Refused(ErrorCode.LIMIT_EXCEEDED, f"at most {CATEGORIES_MAX} categories have a card")
    return replace(cards, categories=categories)


async def let_sell(ledger: Ledger, owner: Principal, seller: str, *, is_allowed: bool) -> None:
    """Let somebody sell one's goods on commission, or no longer. Twice is once."""
    name = consent_register(owner.user, seller)

    def compose(registers: Registers) -> Entry | None:
        if has_consent(registers, owner.user, seller) == is_allowed:
            return None
        facts = {"owner": owner.user, "seller": seller, "is_allowed": is_allowed}
        return change_entry("consent", owner, name, registers[name], is_allowed, facts)

    await ledger.transact([name], compose)


def require_consent(
    registers: Registers, host: str, seller: str | None, broker: str | None
) -> None:
    """The owner lets the broker sell, the broker the host; without a broker, the owner the host.

    Raises `Refused` `not_eligible` where one has not, or no longer.
    """
    chain = [user for user in (seller, broker, host) if user is not None]
    for owner, by in itertools.pairwise(chain):
        if owner != by and not has_consent(registers, owner, by):
            raise Refused(
                ErrorCode.NOT_ELIGIBLE, f"{owner} has not let {by} sell (PUT /v1/consents)"
            )


def has_consent(registers: Registers, owner: str, seller: str) -> bool:
    register = registers[consent_register(owner, seller)]
    return register.version > 0 and register.read(bool)


def change_entry(
    kind: str, by: Principal, name: str, register: Register, document: Any, facts: dict[str, Any]
) -> Entry:
    """An entry that replaces one register's document."""
    text = msgspec.json.encode(document).decode()
    content = fingerprint([kind, name, register.version, attempt()])
    return Entry(
        id=f"{kind}:{content}",
        fingerprint=content,
        kind=kind,
        reads=[(name, register.version)],
        writes=[Write(name, text)],
        facts={"by": by.user, **facts},
    )


async def _change_party(
    ledger: Ledger, by: Principal, user: str, change: Callable[[Party], Party]
) -> Party:
    name = party_register(user)
    changed = Party()

    def compose(registers: Registers) -> Entry | None:
        nonlocal changed
        party = read_party(registers[name])
        changed = change(party)
        if changed == party:
            return None
        return change_entry("party", by, name, registers[name], changed, {"user": user})

    await ledger.transact([name], compose)
    return changed


async def read_one(ledger: Ledger, reader: Principal, user: str) -> Party:
    """What is agreed with somebody, for themselves and ops."""
    if reader.user != user:
        require_ops(reader)
    name = party_register(user)
    return read_party((await ledger.read([name]))[name])
