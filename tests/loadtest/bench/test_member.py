"""Each member's bytes against what everybody got: what is right passes, each fault is noticed."""

from collections import Counter
from random import Random

import pytest

from ...seeding import SEED
from .telling import OK, PING, Telling, frame, hand


def test_the_same_bytes_cut_anywhere_are_complete_for_everybody() -> None:
    for seed in range(20):
        random, telling = Random(SEED + seed), Telling()
        batches = [telling.batch(comments=3, events=1) for _ in range(10)]
        stream = b"".join(map(frame, batches))
        for member in telling.members:
            hand(member, stream, random=random)
        account = telling.account()
        assert account.complaints() == []
        assert account.delivered == account.expected == 90
        assert not telling.faults.counts


def test_replies_and_pings_between_shared_frames_are_taken_out() -> None:
    for seed in range(20):
        random, telling = Random(SEED + seed), Telling()
        frames = [frame(telling.batch(comments=2)) for _ in range(5)]
        hand(telling.members[0], b"".join(frames))
        hand(telling.members[1], b"".join(OK + each + PING for each in frames), random=random)
        hand(telling.members[2], PING + b"".join(frames), random=random)
        assert telling.account().complaints() == []
        kinds = Counter(message["type"] for message in telling.messages)
        assert (kinds["ok"], kinds["ws-ping"]) == (5, 6)


def test_whoever_is_ahead_leads_and_who_may_not_lead_waits() -> None:
    telling = Telling(2)
    sender = telling.member(9, leads=False)
    telling.members.append(sender)
    first, second = frame(telling.batch(comments=1)), frame(telling.batch(comments=1))
    hand(telling.members[0], first, now_ms=1)
    hand(sender, first, now_ms=1)
    hand(sender, second, now_ms=2)
    assert telling.holding == {sender}
    hand(telling.members[1], first + second, now_ms=30)
    hand(telling.members[0], second, now_ms=30)
    sender.retry()
    assert not telling.holding
    assert telling.reference.frames[1].arrivals == {2: 1, 30: 2}
    assert telling.account().complaints() == []


def test_a_dropped_batch_of_comments_is_noticed() -> None:
    telling = Telling()
    frames = [frame(telling.batch(comments=2)) for _ in range(3)]
    for member in telling.members[:2]:
        hand(member, b"".join(frames))
    hand(telling.members[2], frames[0] + frames[2])
    account = telling.account()
    assert account.members_unbalanced == 1
    assert account.delivered == account.expected - 2


def test_a_last_batch_that_never_came_is_noticed() -> None:
    telling = Telling()
    frames = [frame(telling.batch(comments=2)) for _ in range(3)]
    for member in telling.members[:2]:
        hand(member, b"".join(frames))
    hand(telling.members[2], b"".join(frames)[:-1])
    assert telling.account().members_behind == 1


def test_a_dropped_event_is_a_hole() -> None:
    telling = Telling()
    frames = [frame(telling.batch(events=1)) for _ in range(3)]
    for member in telling.members[:2]:
        hand(member, b"".join(frames))
    hand(telling.members[2], frames[0] + frames[2])
    assert telling.faults.counts == {"hole": 1}


@pytest.mark.parametrize("content", [{"comments": 2}, {"events": 1}], ids=["comments", "events"])
def test_a_doubled_batch_is_noticed(content: dict[str, int]) -> None:
    telling = Telling()
    frames = [frame(telling.batch(**content)) for _ in range(3)]
    for member in telling.members[:2]:
        hand(member, b"".join(frames))
    hand(telling.members[2], frames[0] + frames[1] + frames[1] + frames[2])
    assert telling.faults.counts["doubled"] >= 1


def test_reordered_batches_are_noticed() -> None:
    telling = Telling()
    frames = [frame(telling.batch(comments=2)) for _ in range(4)]
    for member in telling.members[:2]:
        hand(member, b"".join(frames))
    hand(telling.members[2], frames[0] + frames[2] + frames[1] + frames[3])
    assert telling.faults.counts


def test_an_altered_comment_is_noticed_in_one_members_frame_and_in_everybodys() -> None:
    telling = Telling()
    batch = telling.batch(comments=2)
    right = frame(batch)
    batch["waterfall"][1]["text"] = batch["waterfall"][1]["text"].replace("x", "y", 1)
    hand(telling.members[0], right)
    hand(telling.members[1], right)
    hand(telling.members[2], frame(batch))
    assert telling.faults.counts == {"altered": 1}
    led_astray = Telling(1)
    batch = led_astray.batch(comments=1)
    batch["waterfall"][0]["text"] += "!"
    hand(led_astray.members[0], frame(batch))
    assert led_astray.faults.counts == {"altered": 1}


def test_an_altered_event_of_one_member_is_noticed() -> None:
    telling = Telling()
    batch = telling.batch(events=1)
    right = frame(batch)
    batch["events"][0]["text"] = "y"
    hand(telling.members[0], right)
    hand(telling.members[1], frame(batch))
    assert telling.faults.counts == {"altered": 1}


def test_a_comment_shown_twice_to_everybody_is_noticed() -> None:
    telling = Telling(1)
    batch, again = telling.batch(comments=1), telling.batch()
    again["waterfall"] = batch["waterfall"]
    hand(telling.members[0], frame(batch) + frame(again))
    assert telling.faults.counts == {"doubled": 1}


def test_a_hole_that_everybody_was_told_is_noticed() -> None:
    telling = Telling(2)
    frames = [frame(telling.batch(events=1)) for _ in range(3)]
    for member in telling.members:
        hand(member, frames[0] + frames[2])
    assert telling.faults.counts == {"hole": 1}


def test_an_own_frame_with_what_was_shed_for_the_others_stands_for_the_shared_one() -> None:
    for seed in range(20):
        telling = Telling(2)
        author = telling.member(9, leads=False)
        telling.members.append(author)
        first = frame(telling.batch(comments=1))
        shared = telling.batch(comments=2, events=1, shed=1)
        own = shared | {"shed": 0, "waterfall": [*shared["waterfall"], telling.comment(3)]}
        last = frame(telling.batch(comments=1))
        stream = first + frame(shared) + last
        hand(author, first + frame(own) + last, random=Random(SEED + seed))
        for member in telling.members[:2]:
            hand(member, stream)
            author.retry()
        account = telling.account()
        assert account.complaints() == []
        assert not telling.faults.counts
        assert (account.delivered, account.shed) == (4 + 4 + 5, 2)


def test_an_own_frame_may_be_the_last_one() -> None:
    telling = Telling(1)
    author = telling.member(9, leads=False)
    telling.members.append(author)
    first, shared = frame(telling.batch(comments=1)), telling.batch(comments=1, events=1, shed=1)
    own = shared | {"shed": 0, "waterfall": [*shared["waterfall"], telling.comment(2)]}
    hand(telling.members[0], first)
    hand(author, first + frame(own))
    hand(telling.members[0], frame(shared))
    author.retry()
    assert telling.account().complaints() == []
    assert not telling.faults.counts


def test_an_own_frame_that_lacks_an_event_is_noticed() -> None:
    telling = Telling(1)
    author = telling.member(9, leads=False)
    first, shared = frame(telling.batch(comments=1)), telling.batch(comments=1, events=1, shed=1)
    own = shared | {"events": []}
    hand(telling.members[0], first + frame(shared))
    hand(author, first + frame(own))
    assert telling.faults.counts["hole"] == 1


def test_a_gap_makes_up_for_the_batches_that_a_slow_member_missed() -> None:
    telling = Telling(2)
    frames = [frame(telling.batch(comments=2, shed=1)) for _ in range(3)]
    gap = frame({"type": "gap", "room": "room", "shed": 3})
    hand(telling.members[0], b"".join(frames))
    hand(telling.members[1], frames[0] + gap + frames[2])
    account = telling.account()
    assert account.complaints() == []
    assert account.gap == 3


def test_a_gap_of_another_size_is_noticed() -> None:
    telling = Telling(2)
    frames = [frame(telling.batch(comments=2)) for _ in range(3)]
    hand(telling.members[0], b"".join(frames))
    hand(telling.members[1], frames[0] + frame({"type": "gap", "room": "r", "shed": 1}) + frames[2])
    assert telling.account().members_unbalanced == 1


def test_a_returning_member_is_told_what_it_missed_in_a_frame_of_its_own() -> None:
    telling = Telling(2)
    stayer, goer = telling.members
    frames = [frame(telling.batch(events=1)) for _ in range(4)]
    for member in telling.members:
        hand(member, frames[0])
    assert goer.leave() == {"epoch": "e", "seq": 1}
    hand(stayer, b"".join(frames[1:]))
    missed = [{"type": "notice", "seq": seq, "text": "x"} for seq in (2, 3)]
    joined = {"type": "joined", "id": 1, "epoch": "e", "seq": 1, "recovered": True}
    again = {**telling.batch(), "seq": 3, "events": missed, "at_ms": telling.at_ms - 60}
    goer.enter(telling.reference)
    hand(goer, frame(joined) + frame(again) + frames[3])
    assert not telling.faults.counts
    assert goer.seq == stayer.seq == 4


def test_a_returning_member_that_is_not_told_everything_has_a_hole() -> None:
    telling = Telling(2)
    stayer, goer = telling.members
    frames = [frame(telling.batch(events=1)) for _ in range(4)]
    for member in telling.members:
        hand(member, frames[0])
    goer.leave()
    hand(stayer, b"".join(frames[1:]))
    goer.enter(telling.reference)
    joined = {"type": "joined", "id": 1, "epoch": "e", "seq": 1, "recovered": True}
    hand(goer, frame(joined) + frames[3])
    assert telling.faults.counts == {"hole": 1}


def test_a_sampled_member_reads_each_batch_itself() -> None:
    telling = Telling(1)
    witness = telling.member(9, is_witness=True)
    telling.members.append(witness)
    frames = [frame(telling.batch(comments=2, events=1, shed=1)) for _ in range(3)]
    for each in frames:
        hand(telling.members[0], each)
        hand(witness, each)
    assert witness.witness is not None
    assert (witness.witness.comments, witness.witness.shed, witness.witness.holes) == (6, 3, 0)
    assert telling.account().complaints() == []


def test_the_front_of_the_stream_is_forgotten_behind_the_slowest() -> None:
    telling = Telling(2)
    random, late = Random(SEED), b""
    for _ in range(1_000):
        told = frame(telling.batch(comments=1, events=1))
        hand(telling.members[0], told, random=random)
        hand(telling.members[1], late, random=random)
        late = told
        telling.reference.trim(min(member.needs for member in telling.members))
    hand(telling.members[1], late)
    assert len(telling.reference.frames) <= 130
    assert len(telling.reference.stream) < 200 * len(told)
    account = telling.account()
    assert account.complaints() == []
    assert account.delivered == 2_000
