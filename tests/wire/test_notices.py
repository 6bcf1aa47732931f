"""Notices: who may give one, who hears it, and what a repeat is."""

import pytest

from .stage import Stage, fresh

NO_TEXTS = ("", "   ", "\n\u3000", "x" * 201, 5, None, True, ["a"])


@pytest.mark.parametrize("who", ["host", "moderator"])
async def test_notice_is_an_event_that_members_on_both_workers_hear(stage: Stage, who: str) -> None:
    show = await stage.show()
    by = show.host if who == "host" else await stage.enter(fresh("mod"), "moderator")
    viewer = await stage.member(show)
    beside = await stage.member_beside(show, viewer)
    await by.do("notice", room=show.room, text="  Back in five minutes! \n")
    for client in (show.host, viewer, beside):
        event = await client.heard(show.room, "notice")
        assert event["text"] == "Back in five minutes!"


async def test_notice_is_missed_by_nobody_who_comes_back(stage: Stage) -> None:
    show = await stage.show()
    viewer = await stage.member(show)
    place = viewer.rooms[show.room]
    since = {"epoch": place.epoch, "seq": place.seq}
    await viewer.close()
    await show.host.do("notice", room=show.room, text="half price")
    back = await stage.enter_beside(show.host, viewer.user)
    assert (await back.join(show.room, since=since))["recovered"]
    await back.heard(show.room, "notice", text="half price")


async def test_repeated_notice_is_ok_and_told_once(stage: Stage) -> None:
    show = await stage.show()
    phone = await stage.enter_beside(show.host, show.host.user)
    for client in (show.host, phone, show.host):
        await client.do("notice", room=show.room, text="half price")
    await show.host.do("pin", room=show.room, offer=show.offer)
    await show.host.heard(show.room, "pinned")
    events = [each["type"] for each in show.host.rooms[show.room].events]
    assert events == ["started", "notice", "pinned"]


async def test_another_notice_within_a_second_is_rate_limited_and_later_it_is_not(
    stage: Stage,
) -> None:
    show = await stage.show()
    await show.host.do("notice", room=show.room, text="one")
    error = await show.host.refused("notice", room=show.room, text="two")
    assert error["code"] == "rate_limited"
    assert 0 < error["retry_after_ms"] <= 1000


async def test_notice_without_a_show_is_not_live(stage: Stage) -> None:
    show = await stage.show(live=False)
    assert await show.host.refusal("notice", room=show.room, text="soon") == "not_live"
    await show.host.do("start", room=show.room)
    await show.host.do("end", room=show.room)
    assert await show.host.refusal("notice", room=show.room, text="bye") == "not_live"


async def test_notice_of_others_is_refused(stage: Stage) -> None:
    show = await stage.show()
    for roles in (["viewer"], ["host"], ["ops"]):
        other = await stage.enter(fresh("other"), *roles)
        assert await other.refusal("notice", room=show.room, text="hi") == "forbidden"
    guest = await stage.guest()
    assert await guest.refusal("notice", room=show.room, text="hi") == "unauthenticated"
    nowhere = fresh("nowhere")
    assert await show.host.refusal("notice", room=nowhere, text="hi") == "not_found"


async def test_text_that_is_none_of_1_to_200_characters_is_invalid(stage: Stage) -> None:
    show = await stage.show()
    for text in NO_TEXTS:
        assert await show.host.refusal("notice", room=show.room, text=text) == "invalid", text
    await show.host.do("notice", room=show.room, text=" " * 50 + "\U0001f351" * 200)
