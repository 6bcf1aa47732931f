"""Endpoints of rooms and shows."""

import secrets

from aiohttp import web
from msgspec import Struct

from livesrv.clock import now_ms
from livesrv.commerce import diary, follows, joint, shows
from livesrv.rooms.bus import AWAY as BUS_AWAY
from livesrv.rooms.bus import Bus
from livesrv.rooms.hall import Hall
from livesrv.snapshot import load_head
from protocol.codec import Format
from protocol.messages import Offer, State, User

from .desk import Desk
from .http import body, json_answer, page_of, path_id
from .lately import Lately
from .openapi import Route

POSTERS_KEPT_MS = 1_000
POSTER_PAGES_MAX = 64
"""Everybody opens the list of shows, and a page of it is some 200 reads of the stores."""


class RoomList(Struct):
    rooms: list[State]
    next: str | None


class ShowList(Struct):
    shows: list[diary.ShowView]


class Poster(Struct):
    """A room as one looks for it: a part of its state, with the newest pinned offer at the most."""

    room: str
    title: str
    host: User
    status: str
    city: str | None
    theme: str | None
    started_at_ms: int | None
    viewers: int
    likes: int
    pinned: list[Offer]


class PosterList(Struct):
    rooms: list[Poster]
    next: str | None


class GiftPrice(Struct):
    gift: str
    price_minor: int


class GiftList(Struct):
    gifts: list[GiftPrice]


class Following(Struct):
    user: str
    following: bool


class RoomEndpoints:
    def __init__(self, desk: Desk, bus: Bus, hall: Hall) -> None:
        self._desk = desk
        self._ledger = desk.ledger
        self._bus = bus
        self._hall = hall
        self._posters = Lately[PosterList](keep_ms=POSTERS_KEPT_MS, keys_max=POSTER_PAGES_MAX)
        room = "/v1/rooms/{room}"
        sale = f"{room}/joint-sale"
        self.routes = [
            Route("POST", "/v1/rooms", "host", self._create, State, shows.NewRoom),
            Route("GET", "/v1/rooms", "", self._list, RoomList),
            Route("GET", "/v1/live", "", self._live, PosterList),
            Route("GET", room, "", self._read, State),
            Route("PATCH", room, "its host", self._change, State, shows.RoomChange),
            Route("POST", f"{room}/start", "its host", self._start, State),
            Route("POST", f"{room}/end", "its host", self._end, State),
            Route("GET", "/v1/shows", "viewer", self._shows, ShowList),
            Route("PUT", sale, "its host", self._propose, joint.JointSale, joint.NewJointSale),
            Route(
                "POST",
                f"{sale}/agreement",
                "its co-hosts",
                self._agree,
                joint.JointSale,
                joint.Agreement,
            ),
            Route("GET", "/v1/follows/{user}", "viewer", self._is_following, Following),
            Route("PUT", "/v1/follows/{user}", "viewer", self._follow, Following),
            Route("DELETE", "/v1/follows/{user}", "viewer", self._follow, Following),
            Route("GET", "/v1/gifts", "", self._gifts, GiftList),
        ]

    async def _create(self, request: web.Request) -> State:
        host, new = self._desk.user(request), await body(request, shows.NewRoom)
        room = new.room or secrets.token_hex(8)
        await shows.create(self._ledger, host, room, new)
        return await self._state(room)

    async def _list(self, request: web.Request) -> RoomList:
        return await self._page(*page_of(request))

    async def _live(self, request: web.Request) -> web.Response:
        """The same for a page of pictures; small, and one reading for all who ask at once."""
        place = page_of(request)
        response = json_answer(
            await self._posters.get(place, lambda: self._page_of_posters(*place))
        )
        response.enable_compression()
        return response

    async def _page(self, behind: tuple[int, str] | None, limit: int) -> RoomList:
        ranked = await self._ledger.page(shows.LIVE_RANKING, behind, limit + 1)
        rooms = [await self._state(room) for room, _ in ranked[:limit]]
        room, started_ms = ranked[:limit][-1] if ranked else ("", 0)
        return RoomList(rooms, f"{started_ms}.{room}" if len(ranked) > limit else None)

    async def _page_of_posters(self, behind: tuple[int, str] | None, limit: int) -> PosterList:
        page = await self._page(behind, limit)
        return PosterList([_poster(state) for state in page.rooms], page.next)

    async def _read(self, request: web.Request) -> State:
        return await self._state(path_id(request, "room"))

    async def _change(self, request: web.Request) -> State:
        room, host = path_id(request, "room"), self._desk.user(request)
        await shows.change(self._ledger, host, room, await body(request, shows.RoomChange))
        return await self._state(room)

    async def _start(self, request: web.Request) -> State:
        room = path_id(request, "room")
        await shows.start(self._ledger, self._desk.user(request), room, now_ms())
        return await self._state(room)

    async def _end(self, request: web.Request) -> State:
        room = path_id(request, "room")
        await shows.end(self._ledger, self._desk.user(request), room, now_ms())
        return await self._state(room)

    async def _shows(self, request: web.Request) -> ShowList:
        return ShowList(await diary.list_shows(self._ledger, self._desk.user(request).user))

    async def _propose(self, request: web.Request) -> joint.JointSale:
        host, new = self._desk.user(request), await body(request, joint.NewJointSale)
        return await joint.propose(self._ledger, host, path_id(request, "room"), new)

    async def _agree(self, request: web.Request) -> joint.JointSale:
        user, agreement = self._desk.user(request), await body(request, joint.Agreement)
        return await joint.agree(self._ledger, user, path_id(request, "room"), agreement.number)

    async def _state(self, room: str) -> State:
        """As members see it where the room is open here, else from the stores."""
        state = (await load_head(self._ledger, room, now_ms())).state
        if opened := self._hall.find(room):
            live = opened.room.snapshot(Format.JSON)
            state.viewers, state.likes = live.viewers, live.likes
            state.top_gifters, state.comments = live.top_gifters, live.comments
            return state
        try:
            memory = await self._bus.memory(room, now_ms())
        except BUS_AWAY:
            return state
        state.viewers, state.likes = memory.viewers, memory.likes
        return state

    async def _is_following(self, request: web.Request) -> Following:
        followed, by = path_id(request, "user"), self._desk.user(request)
        return Following(followed, await follows.is_follower(self._ledger, by.user, followed))

    async def _follow(self, request: web.Request) -> Following:
        followed, is_following = path_id(request, "user"), request.method == "PUT"
        await follows.follow(
            self._ledger,
            self._desk.user(request),
            followed,
            is_following=is_following,
            now_ms=now_ms(),
        )
        return Following(followed, is_following)

    async def _gifts(self, _: web.Request) -> GiftList:
        return GiftList([GiftPrice(*item) for item in sorted(self._desk.config.gifts.items())])


def _poster(state: State) -> Poster:
    found = {name: getattr(state, name) for name in Poster.__struct_fields__}
    return Poster(**found | {"pinned": state.pinned[:1]})
