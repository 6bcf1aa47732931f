"""Joint sales: the hosts of a room share what a host earns there, once all of them have agreed.

`joint:ROOM` is the proposal and who has agreed to it. The last to agree puts the shares in force,
in the room itself, for what is ordered and given from then on.
"""

from typing import Annotated

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from livesrv.auth import Principal
from livesrv.ledger.entry import Entry, Registers, Write, fingerprint
from livesrv.ledger.split import BPS_WHOLE
from livesrv.ledger.store import Compose, Ledger
from livesrv.refusal import Refused
from protocol.codes import ErrorCode
from protocol.messages import Id

from .registers import Room, read_room, require_host, room_register

HOSTS_MAX = 10


class NewJointSale(Struct, kw_only=True):
    """The body of `PUT /v1/rooms/{room}/joint-sale`: each host's part of what the host earns."""

    shares_bps: Annotated[
        dict[Id, Annotated[int, Meta(ge=1, le=BPS_WHOLE)]], Meta(min_length=1, max_length=HOSTS_MAX)
    ]


class JointSale(Struct, frozen=True):
    """A proposal, numbered, and who has agreed. In force when all have."""

    number: int
    shares_bps: dict[str, int]
    agreed: tuple[str, ...]

    @property
    def is_agreed(self) -> bool:
        return set(self.agreed) >= set(self.shares_bps)


class Agreement(Struct, kw_only=True):
    """The body of `POST /v1/rooms/{room}/joint-sale/agreement`: to which proposal."""

    number: Annotated[int, Meta(ge=1)]


async def propose(ledger: Ledger, host: Principal, room_id: str, new: NewJointSale) -> JointSale:
    """Propose how to share; the host's consent is in it, and alone it is in force at once.

    Raises `Refused`: `forbidden`, `not_found`, `invalid` for shares that are not a whole.
    """
    if (total := sum(new.shares_bps.values())) != BPS_WHOLE:
        raise Refused(ErrorCode.INVALID, f"the shares sum to {total} basis points, not {BPS_WHOLE}")
    if host.user not in new.shares_bps:
        raise Refused(ErrorCode.INVALID, f"the host {host.user} must have a share")

    def compose(registers: Registers) -> Entry | None:
        require_host(read_room(registers[room_register(room_id)]), host)
        standing = _standing(registers, room_id)
        if standing and standing.shares_bps == new.shares_bps:
            return None
        number = standing.number + 1 if standing else 1
        return _entry(registers, room_id, host, JointSale(number, new.shares_bps, (host.user,)))

    return await _changed(ledger, room_id, compose)


async def agree(ledger: Ledger, user: Principal, room_id: str, number: int) -> JointSale:
    """Agree to the proposal of that number. Twice is once.

    Raises `Refused`: `not_found` where none is made, `conflict` when another stands by now,
    `forbidden` for somebody without a share.
    """

    def compose(registers: Registers) -> Entry | None:
        standing = _standing(registers, room_id)
        if standing is None:
            raise Refused(ErrorCode.NOT_FOUND, "no joint sale is proposed in this room")
        if standing.number != number:
            raise Refused(ErrorCode.CONFLICT, f"the proposal is number {standing.number} by now")
        if user.user not in standing.shares_bps:
            raise Refused(ErrorCode.FORBIDDEN, "you have no share in this joint sale")
        if user.user in standing.agreed:
            return None
        agreed = replace(standing, agreed=(*standing.agreed, user.user))
        return _entry(registers, room_id, user, agreed)

    return await _changed(ledger, room_id, compose)


async def _changed(ledger: Ledger, room_id: str, compose: Compose) -> JointSale:
    name = joint_register(room_id)
    await ledger.transact([room_register(room_id), name], compose)
    return (await ledger.read([name]))[name].read(JointSale)


def _standing(registers: Registers, room_id: str) -> JointSale | None:
    register = registers[joint_register(room_id)]
    return register.read(JointSale) if register.version else None


def _entry(registers: Registers, room_id: str, by: Principal, sale: JointSale) -> Entry:
    room_name, name = room_register(room_id), joint_register(room_id)
    documents: dict[str, Struct] = {name: sale}
    if sale.is_agreed:
        room: Room = read_room(registers[room_name])
        documents[room_name] = replace(room, shares_bps=sale.shares_bps)
    content = fingerprint([room_id, registers[name].version, by.user, sale])
    return Entry(
        id=f"joint_sale:{room_id}:{content}",
        fingerprint=content,
        kind="joint_sale",
        reads=[(each, registers[each].version) for each in (room_name, name)],
        writes=[Write(each, msgspec.json.encode(doc).decode()) for each, doc in documents.items()],
        facts={"by": by.user, "for": room_id, "sale": sale},
    )


def joint_register(room_id: str) -> str:
    return f"joint:{room_id}"
