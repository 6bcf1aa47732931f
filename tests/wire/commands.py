"""One legal command of each type, to be mistreated."""

from .shapes import Message
from .stage import Show, fresh

OPTIONAL = ("made_at_ms", "since", "saver", "token", "payment", "promoter")
ID_FIELDS = ("room", "key", "gift", "offer", "user", "comment")
NO_IDS = [
    *("", " ", "a b", "a\n", "\na", "a\x00", "a.b", "a/b", "../a", "é", "пример", "🍑", "i" * 65),
    *("i" * 10_000, 7, 1.5, True, None, [], ["a"], {}, {"a": "b"}),
]


def legal(show: Show) -> list[Message]:
    """What a host may send in its room; each has all its fields."""
    room = {"room": show.room}
    return [
        {"type": "join", **room, "since": {"epoch": "e", "seq": 1}, "saver": True},
        {"type": "comment", **room, "text": "so sweet!"},
        {"type": "like", **room, "count": 12},
        {"type": "gift", **room, "gift": "rose", "key": fresh("c"), "count": 1},
        {
            "type": "order",
            **room,
            "key": fresh("o"),
            "lines": [{"offer": show.offer, "quantity": 1}],
            "total_minor": 2990,
            "currency": "CNY",
            "payment": "wallet",
            "promoter": fresh("pia"),
        },
        {"type": "start", **room},
        {"type": "pin", **room, "offer": show.offer},
        {"type": "unpin", **room, "offer": show.offer},
        {"type": "moderate", **room, "action": "mute", "user": fresh("loud"), "seconds": 60},
        {"type": "moderate", **room, "action": "remove", "comment": "w0-1"},
        {"type": "notice", **room, "text": "back in five minutes"},
        {"type": "leave", **room},
        {"type": "ping"},
    ]
