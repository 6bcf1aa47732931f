"""What the client decides by itself, in a browser and without a connection."""

from .conftest import Evaluate

BATCH = "const at = (seq, n) => ({ epoch: 'e', seq, events: Array(n).fill({}) });"
ENTERED = f"{BATCH} const place = new Place(); place.joined({{ epoch: 'e', seq: 41 }});"


def test_a_batch_fits_exactly_when_place_and_events_add_up(pure: Evaluate) -> None:
    steps = pure(f"{ENTERED} return [[43, 2], [43, 0], [44, 1]].map((b) => place.take(at(...b)))")
    assert steps == ["take", "take", "take"]
    for seq, events in [(44, 2), (42, 0), (41, 1), (43, 3)]:
        assert pure(f"{ENTERED} return place.take(at({seq}, {events}))") == "rejoin"
    assert pure(f"{ENTERED} return place.take({{ ...at(42, 1), epoch: 'f' }})") == "rejoin"


def test_a_batch_that_does_not_fit_leaves_the_place_where_it_was(pure: Evaluate) -> None:
    assert pure(f"{ENTERED} place.take(at(50, 1)); return place.since()") == {
        "epoch": "e",
        "seq": 41,
    }


def test_between_the_question_and_the_answer_batches_do_not_count(pure: Evaluate) -> None:
    asked = f"{ENTERED} place.ask(); const steps = [place.take(at(42, 1))];"
    answered = "place.joined({ epoch: 'e', seq: 41 }); steps.push(place.take(at(42, 1)));"
    assert pure(f"{asked} {answered} return steps") == ["drop", "take"]


def test_who_has_not_been_in_the_room_says_no_place(pure: Evaluate) -> None:
    assert pure("return new Place().since() === undefined") is True


def test_pauses_grow_with_failures_up_to_ten_seconds_and_are_spread_from_zero(
    pure: Evaluate,
) -> None:
    assert pure("return [0, 1, 2, 3, 9].map((n) => pauseMs(n, 1006, 1))") == [
        400,
        800,
        1600,
        3200,
        10_000,
    ]
    assert pure("return pauseMs(9, 1006, 0)") == 0


def test_a_full_server_is_left_alone_for_longer(pure: Evaluate) -> None:
    assert pure("return [1013, 4429].map((code) => pauseMs(0, code, 1))") == [3000, 3000]


def test_a_hint_is_obeyed_a_little_late_and_up_to_a_minute(pure: Evaluate) -> None:
    hints = pure("return [[800, 0], [800, 1], [3600000, 0]].map((each) => hintedMs(...each))")
    assert hints == [800, 1200, 60_000]


def test_a_line_is_as_far_as_the_middle_one_of_its_last_five_pings(pure: Evaluate) -> None:
    line = "const line = new Line(); const ask = () => line.quality(0);"
    assert pure(f"{line} return ask()") == {"roundTripMs": None, "gaps": 0, "isSlow": False}
    trips = "[9000, 9000, 50, 60, 70, 80, 9000].forEach((ms) => line.pong(ms));"
    assert pure(f"{line} {trips} return ask()")["roundTripMs"] == 70
    slow = "[80, 2000, 2000].forEach((ms) => line.pong(ms));"
    assert pure(f"{line} {slow} return ask()")["isSlow"] is True


def test_a_gap_counts_for_a_minute_and_at_most_twenty_are_kept(pure: Evaluate) -> None:
    line = "const line = new Line(); for (let i = 0; i < 50; i += 1) line.gap(1000);"
    found = pure(f"{line} return [line.quality(60999), line.quality(61000)]")
    assert [(each["gaps"], each["isSlow"]) for each in found] == [(20, True), (0, False)]


def test_a_key_is_a_legal_id_and_never_the_same(pure: Evaluate) -> None:
    keys = pure("return Array.from({ length: 100 }, () => newKey('o'))")
    assert len(set(keys)) == 100
    assert all(key.startswith("o-") and len(key) == 22 for key in keys)


def test_fifty_commands_may_be_insisted_on_and_one_more_is_refused(pure: Evaluate) -> None:
    code = """
      const client = new Client({ url: "ws://127.0.0.1:9", room: "r" });
      const all = Array.from({ length: 51 }, () => client.insist({ type: "ping" }));
      const last = all.pop().catch((error) => [error.name, error.code]);
      const lost = Promise.allSettled(all);
      return last.then(async (refusal) => {
        client.close();
        return [refusal, (await lost).map(({ reason }) => reason.name)];
      });"""
    assert pure(code) == [["Refusal", "busy"], ["Lost"] * 50]


def test_a_deadline_ends_the_wait_and_frees_the_place(pure: Evaluate) -> None:
    code = """
      const client = new Client({ url: "ws://127.0.0.1:9", room: "r" });
      const wait = () => client.insist({ type: "ping" }, { deadlineMs: 20 });
      const fail = (error) => [error.name, error instanceof Lost];
      const round = () => Promise.all(Array.from({ length: 50 }, () => wait().catch(fail)));
      return round().then(round).then((all) => all[49]);"""
    assert pure(code) == ["Late", True]


def test_nothing_is_asked_of_a_client_that_is_not_in_or_has_ended(pure: Evaluate) -> None:
    code = """
      const client = new Client({ url: "ws://127.0.0.1:9", room: "r" });
      const name = (promise) => promise.catch((error) => error.name);
      const first = name(client.ask({ type: "ping" }));
      client.close();
      return Promise.all([first, name(client.insist({ type: "ping" }))]);"""
    assert pure(code) == ["Lost", "Lost"]
