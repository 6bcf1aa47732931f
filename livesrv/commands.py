"""What each command of the wire does. Answers with a reply, or raises `Refused`.

Knows nothing of WebSockets. Whatever matters becomes an entry through `commerce`; whatever does not
goes to the outbox.
"""

import itertools
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec

from livesrv import auth
from livesrv.auth import Principal
from livesrv.buyers import Buyers
from livesrv.clock import now_ms
from livesrv.commerce import follows, gifts, moderation, notices, orders, shows
from livesrv.commerce.registers import (
    Moderation,
    is_sentenced,
    moderation_register,
    read_moderation,
    read_room,
    require_live,
    require_not_banned,
    room_register,
)
from livesrv.commerce.terms import terms_of
from livesrv.config import Config
from livesrv.ledger.store import Ledger
from livesrv.refusal import Refused
from livesrv.rooms.bus import AWAY as BUS_AWAY
from livesrv.rooms.bus import Bus
from livesrv.rooms.fanout import Member
from livesrv.rooms.hall import Hall
from livesrv.rooms.open_room import OpenRoom
from livesrv.rooms.outbox import Outbox
from livesrv.turnstile import Turnstile
from protocol import messages as m
from protocol.codec import Item
from protocol.codes import ErrorCode

from .session import Session

ROOMS_PER_SESSION_MAX = 20
SEEN_S = 1.0
"""How long a host's command waits for its own event to come back around to this worker."""

Answer = m.Reply | None
"""A reply still to be sent; None where the handler has sent it, with what must follow it."""
Outcome = Answer | Coroutine[Any, Any, Answer]
"""An answer, or where something must be waited for, what to await for it."""
Handler = Callable[[Session, Any], Outcome]


class Commands:
    """Carries out commands; one for all sessions of a worker."""

    def __init__(
        self,
        worker: str,
        config: Config,
        secret: str,
        ledger: Ledger,
        bus: Bus,
        hall: Hall,
        outbox: Outbox,
        turnstile: Turnstile,
        buyers: Buyers,
    ) -> None:
        self._worker = worker
        self._config = config
        self._terms = terms_of(config)
        self._secret = secret
        self._ledger = ledger
        self._bus = bus
        self._hall = hall
        self._outbox = outbox
        self._turnstile = turnstile
        self._buyers = buyers
        self._comment_numbers = itertools.count(1)
        self._handlers: dict[type, Handler] = {
            m.Join: self._join,
            m.Leave: self._leave,
            m.Comment: self._comment,
            m.Like: self._like,
            m.Gift: self._gift,
            m.Order: self._order,
            m.Start: self._start,
            m.End: self._end,
            m.Pin: self._pin,
            m.Unpin: self._unpin,
            m.Moderate: self._moderate,
            m.GiveNotice: self._notice,
            m.Ping: self._ping,
        }

    def carry_out(self, session: Session, command: m.AnyCommand) -> Outcome:
        """Carry out a command of a session that has said hello."""
        if isinstance(command, m.Hello):
            raise Refused(ErrorCode.INVALID, "hello was said already")
        return self._handlers[type(command)](session, command)

    def hello(self, session: Session, command: m.Hello) -> m.Welcome:
        """Recognise who is there. Raises `BadToken`."""
        if command.token is None:
            principal = auth.guest(session.id)
        else:
            principal = auth.verify(self._secret, command.token)
        session.principal = principal
        return m.Welcome(
            id=command.id,
            user=principal.user,
            roles=sorted(principal.roles),
            session=session.id,
            heartbeat_ms=self._config.heartbeat_ms,
            server_time_ms=now_ms(),
        )

    # --- being there

    async def _join(self, session: Session, command: m.Join) -> Answer:
        if len(session.rooms) >= ROOMS_PER_SESSION_MAX and command.room not in session.rooms:
            raise Refused(
                ErrorCode.LIMIT_EXCEEDED, f"a connection may be in {ROOMS_PER_SESSION_MAX} rooms"
            )
        opened = await self._hall.open(command.room)
        user = _principal(session).user
        if is_sentenced(opened.room.banned, user, now_ms()):
            require_not_banned(await self._moderation(command.room), user, now_ms())
        missed = await self._hall.missed(opened, command.since)
        before = session.rooms.get(command.room)
        if before is not None:
            opened.settle(before[1], is_resuming=missed is not None)
        if session.is_closing:  # it has left its rooms, and would never leave this one
            return None
        session.leave(command.room)
        member = _enter(session, opened, is_saver=command.saver)
        if before is not None and before[1].has_spoken:
            opened.spoke(member)  # it may not have seen yet what it said
        self._buyers.entered(opened, user)
        room = opened.room
        session.send(
            m.Joined(
                id=command.id,
                room=opened.name,
                epoch=room.epoch,
                seq=room.seq - len(missed or ()),
                recovered=missed is not None,
                state=room.snapshot(session.encoding.format),
            )
        )
        if missed:
            session.write(opened.missed(missed).full(session.encoding))
        return None

    def _leave(self, session: Session, command: m.Leave) -> Answer:
        _joined(session, command.room)
        session.leave(command.room)
        return m.Ok(id=command.id)

    def order_undone(self, session: Session) -> None:
        """An order of the session's user no longer stands: it may have been the only one."""
        for opened, member in session.rooms.values():
            self._buyers.doubt(opened, member.user)

    # --- the waterfall

    def _comment(self, session: Session, command: m.Comment) -> Outcome:
        user, opened = _principal(session), _joined(session, command.room)
        text = _trimmed(command.text)
        _require_token(user)
        self._require_pace(session, command.room)
        if _may_speak(user, opened):
            self._require_decent(text)
            return self._say(session, command, text)
        return self._comment_if_allowed(session, opened, command, text)

    async def _comment_if_allowed(
        self, session: Session, opened: OpenRoom, command: m.Comment, text: str
    ) -> Answer:
        """Comment where that takes a look into the books, or into slow mode, first."""
        await self._require_live(opened)
        await self._require_voice(_principal(session), opened)
        self._require_decent(text)
        return self._say(session, command, text)

    def _say(self, session: Session, command: m.Comment, text: str) -> Answer:
        user = _principal(session)
        comment = f"{self._worker}-{next(self._comment_numbers):x}"
        is_buyer = False
        if joined := session.rooms.get(command.room):
            opened, member = joined
            opened.spoke(member)
            is_buyer = opened.room.is_buyer(user.user)
        shown = user.as_user(is_buyer=is_buyer)
        drop = m.CommentDrop(comment=comment, user=shown, text=text, at_ms=now_ms())
        self._outbox.comment(command.room, (user.user, Item.of(drop).msgpack))
        return m.Ok(id=command.id, comment=comment)

    def _like(self, session: Session, command: m.Like) -> Outcome:
        opened = _joined(session, command.room)
        _require_token(_principal(session))
        self._require_bus(command.room)
        if _is_live(opened):
            return self._tap(command)
        return self._like_if_live(opened, command)

    async def _like_if_live(self, opened: OpenRoom, command: m.Like) -> Answer:
        await self._require_live(opened)
        return self._tap(command)

    def _tap(self, command: m.Like) -> Answer:
        self._outbox.like(command.room, command.count)
        return m.Ok(id=command.id)

    def _require_pace(self, session: Session, room: str) -> None:
        """Ask the budgets of the connection, of its user and of the room."""
        self._require_bus(room)
        now, user = session.heard_at_ms, _principal(session).user
        if wait_ms := session.comments.take(now):
            raise _too_many("too many comments", wait_ms)
        if wait_ms := self._turnstile.comment(user, room, now):
            raise _too_many("too many comments of yours, or in this room", wait_ms)

    def _require_bus(self, room: str) -> None:
        if not self._outbox.is_open or self._bus.is_away(room):
            raise _busy()

    async def _require_live(self, opened: OpenRoom) -> None:
        """The show may have begun a moment ago without our having heard of it yet."""
        if not _is_live(opened):
            name = room_register(opened.name)
            require_live(read_room((await self._ledger.read([name]))[name]))

    async def _require_voice(self, user: Principal, opened: OpenRoom) -> None:
        room = opened.room
        if user.user == room.state.host.id:
            return
        if is_sentenced(room.muted, user.user, now_ms()):
            moderation = await self._moderation(opened.name)
            if is_sentenced(moderation.muted, user.user, now_ms()):
                raise Refused(ErrorCode.MUTED, "you are muted in this room")
        if room.state.followers_only:
            host = room.state.host.id
            if not await follows.is_follower(self._ledger, user.user, host):
                raise Refused(ErrorCode.NOT_ELIGIBLE, "only followers of the host may comment")
        wait_ms = await self._wait_to_speak_ms(user, opened)
        if wait_ms:
            raise Refused(ErrorCode.RATE_LIMITED, "slow mode is on", wait_ms)

    async def _moderation(self, room: str) -> Moderation:
        """Who may not speak or enter, as the ledger has it: a pardon may be on its way to us."""
        name = moderation_register(room)
        return read_moderation((await self._ledger.read([name]))[name])

    async def _wait_to_speak_ms(self, user: Principal, opened: OpenRoom) -> int:
        pause_s = opened.room.state.slow_mode_s
        if not pause_s:
            return 0
        try:
            return await self._bus.wait_to_speak_ms(opened.name, user.user, pause_s)
        except BUS_AWAY:
            raise _busy() from None

    def _require_decent(self, text: str) -> None:
        folded = text.casefold()
        if any(word.casefold() in folded for word in self._config.blocked_words):
            raise Refused(ErrorCode.FORBIDDEN, "the text has a word that is not allowed here")

    # --- what is written down

    async def _gift(self, session: Session, command: m.Gift) -> Answer:
        user, opened = _require_token(_principal(session)), self._hall.find(command.room)
        return await gifts.give(
            self._ledger,
            user,
            command,
            terms=self._terms,
            now_ms=now_ms(),
            is_buyer=opened is not None and opened.room.is_buyer(user.user),
        )

    async def _order(self, session: Session, command: m.Order) -> Answer:
        placed = await orders.place(
            self._ledger,
            _require_token(_principal(session)),
            command.room,
            m.OrderRequest(
                key=command.key,
                lines=command.lines,
                total_minor=command.total_minor,
                currency=command.currency,
                made_at_ms=command.made_at_ms,
                payment=command.payment,
                promoter=command.promoter,
                private_price=command.private_price,
            ),
            terms=self._terms,
            now_ms=now_ms(),
        )
        return m.Ordered(id=command.id, **msgspec.structs.asdict(placed))

    async def _start(self, session: Session, command: m.Start) -> Answer:
        user = _require_token(_principal(session))
        await shows.start(self._ledger, user, command.room, now_ms())
        return await self._seen(command)

    async def _end(self, session: Session, command: m.End) -> Answer:
        user = _require_token(_principal(session))
        await shows.end(self._ledger, user, command.room, now_ms())
        return await self._seen(command)

    async def _pin(self, session: Session, command: m.Pin) -> Answer:
        user = _require_token(_principal(session))
        await shows.pin(self._ledger, user, command.room, command.offer, now_ms())
        return await self._seen(command)

    async def _unpin(self, session: Session, command: m.Unpin) -> Answer:
        user = _require_token(_principal(session))
        await shows.unpin(self._ledger, user, command.room, command.offer)
        return await self._seen(command)

    async def _moderate(self, session: Session, command: m.Moderate) -> Answer:
        user = _require_token(_principal(session))
        await moderation.moderate(self._ledger, user, command, now_ms())
        return await self._seen(command)

    async def _notice(self, session: Session, command: m.GiveNotice) -> Answer:
        text, user = _trimmed(command.text), _require_token(_principal(session))
        self._require_decent(text)
        await notices.give(self._ledger, user, command.room, text, now_ms())
        return await self._seen(command)

    async def _seen(
        self, command: m.Start | m.End | m.Pin | m.Unpin | m.Moderate | m.GiveNotice
    ) -> Answer:
        """Answer once this worker's room has the change too, so that what comes next meets it."""
        if opened := self._hall.find(command.room):
            await opened.reach(await self._ledger.room_seq(command.room), SEEN_S)
        return m.Ok(id=command.id)

    def _ping(self, session: Session, command: m.Ping) -> Answer:
        return m.Pong(id=command.id, server_time_ms=now_ms())


def _trimmed(text: str) -> str:
    """The text of a comment or notice as it is shown. Raises `Refused` `invalid`."""
    trimmed = text.strip()
    if not 1 <= len(trimmed) <= m.TEXT_CHARS_MAX:
        raise Refused(
            ErrorCode.INVALID,
            f"text has {len(trimmed)} characters after trimming; 1-{m.TEXT_CHARS_MAX} are allowed",
        )
    return trimmed


def _busy() -> Refused:
    return Refused(ErrorCode.BUSY, "comments cannot be shown now", 500)


def _too_many(message: str, wait_ms: int) -> Refused:
    return Refused(ErrorCode.RATE_LIMITED, message, wait_ms)


def _principal(session: Session) -> Principal:
    assert session.principal is not None  # the gateway carries out nothing before hello
    return session.principal


def _require_token(user: Principal) -> Principal:
    if user.is_guest:
        raise Refused(ErrorCode.UNAUTHENTICATED, "this needs a token; guests only watch")
    return user


def _joined(session: Session, room: str) -> OpenRoom:
    if room not in session.rooms:
        raise Refused(ErrorCode.NOT_FOUND, f"you have not joined the room {room}")
    return session.rooms[room][0]


def _is_live(opened: OpenRoom) -> bool:
    return opened.room.state.status == "live"


def _may_speak(user: Principal, opened: OpenRoom) -> bool:
    """Whether nothing that this worker knows of the room stands against a comment."""
    state = opened.room.state
    is_free = not (state.slow_mode_s or state.followers_only or user.user in opened.room.muted)
    return _is_live(opened) and (is_free or user.user == state.host.id)


def _enter(session: Session, opened: OpenRoom, *, is_saver: bool) -> Member:
    user = _principal(session).user
    member = Member(user, session.transport, session.encoding, session.close)
    opened.add(member, is_saver=is_saver)
    session.rooms[opened.name] = (opened, member)
    opened.room.state.viewers = max(opened.room.state.viewers, opened.member_count)
    return member
