"""Reading scenarios: what a file may say, and what is said of what it may not."""

from pathlib import Path

import pytest

from loadtest.scenario.curves import DURATION_S_MAX
from loadtest.scenario.limits import require_within_limits
from loadtest.scenario.model import (
    OFFERS_DEFAULT,
    Act,
    BadScenario,
    Curve,
    Kind,
    People,
    Role,
    Scenario,
    Trouble,
)
from loadtest.scenario.reading import load, names, read
from loadtest.scenario.shapes import area

HEAD = """\
title = "A show"
duration_s = 60
[[rooms]]
name = "main"
"""
VIEWERS = """\
[[people]]
role = "viewer"
count = 10
"""
WHOLE = """\
title = "A show"
duration_s = 60.5
seed = 7
objectives = ["reliable.lost == 0"]

[[rooms]]
name = "main"
count = 2
fixed = true
offers = [{ offer = "peach", price_minor = 2990, stock = 100, limit_per_buyer = 1 }]

[[rooms]]
name = "other"

[[people]]
name = "crowd"
role = "buyer"
count = 1_000
rooms = "main"
fixed = true
arrive = { shape = "ramp", over_s = 20 }
orders = { shape = "constant", per_s = 5, offers = ["peach"], quantity = 1 }

[[people]]
role = "churner"
count = 5
rooms = "other"
stay_s = 10
away_s = 2.5

[[people]]
role = "slow_reader"
count = 5
rooms = "other"
reads_every_s = 3

[[people]]
role = "host"
rooms = "main"
pins = { shape = "constant", per_s = 1 }

[[incidents]]
trouble = "raid"
at_s = 5
within_s = 2
people = ["crowd"]
share = 0.5
to = "other"
"""


def read_text(text: str, folder: Path = Path()) -> Scenario:
    return read(text, "show.toml", folder)


def problems(text: str) -> list[str]:
    with pytest.raises(BadScenario) as refused:
        read_text(text)
    return str(refused.value).split("\n")


def only_group(people: str) -> People:
    (group,) = read_text(HEAD + people).people
    return group


def rate(shape: str, duration_s: int = 60) -> Curve:
    group = read_text(
        HEAD.replace("60", str(duration_s)) + VIEWERS + f"comments = {{ {shape} }}"
    ).people[0]
    (act,) = group.acts
    assert isinstance(act.when, Curve)
    return act.when


def arrival(shape: str, count: int = 10) -> Curve:
    group = only_group(VIEWERS.replace("10", str(count)) + f"arrive = {{ {shape} }}")
    assert group.arrive is not None
    return group.arrive


def test_everything_that_a_file_says_is_in_the_scenario() -> None:
    show = read_text(WHOLE)
    assert (show.name, show.title, show.duration_s, show.seed) == ("show", "A show", 60.5, 7)
    assert show.text == WHOLE
    main, other = show.rooms
    assert (main.name, main.count, main.is_fixed) == ("main", 2, True)
    (peach,) = main.offers
    assert (peach.price_minor, peach.stock, peach.limit_per_buyer) == (2990, 100, 1)
    assert (other.count, other.is_fixed, other.offers) == (1, False, OFFERS_DEFAULT)
    crowd, churners, slow, hosts = show.people
    assert (crowd.name, crowd.role, crowd.count) == ("crowd", Role.BUYER, 1_000)
    assert (crowd.rooms, crowd.is_fixed) == ("main", True)
    constant = Curve(((0, 5), (60.5, 5)))
    assert crowd.acts == (Act(kind=Kind.ORDER, when=constant, offers=("peach",), quantity=1),)
    assert (churners.stay_s, churners.away_s, slow.reads_every_s) == (10, 2.5, 3)
    assert (hosts.count, hosts.is_fixed, hosts.acts[0].kind) == (2, True, Kind.PIN)
    (raid,) = show.incidents
    assert (raid.trouble, raid.at_s, raid.within_s) == (Trouble.RAID, 5, 2)
    assert (raid.people, raid.share, raid.to) == (("crowd",), 0.5, "other")
    assert [objective.figure for objective in show.objectives] == ["reliable.lost"]


def points(curve: Curve) -> list[tuple[float, float]]:
    return list(curve.points)


def test_groups_without_a_name_are_called_by_their_role() -> None:
    show = read_text(HEAD + VIEWERS + VIEWERS + VIEWERS.replace("viewer", "guest"))
    assert [group.name for group in show.people] == ["viewer", "viewer-2", "guest"]


def test_people_are_in_the_only_rooms_there_are() -> None:
    assert only_group(VIEWERS).rooms == "main"
    (missing,) = problems(HEAD + '[[rooms]]\nname = "two"\n' + VIEWERS)
    assert missing == (
        "show.toml:7: [[people]] rooms is missing; it must be the name of one of [[rooms]]: "
        "main, two"
    )


def test_a_constant_rate_may_begin_late_and_end_early() -> None:
    assert points(rate('shape = "constant", per_s = 2')) == [(0, 2), (60, 2)]
    late = rate('shape = "constant", per_s = 2, from_s = 10, until_s = 20.5')
    assert points(late) == [(10, 2), (20.5, 2)]


def test_a_ramp_holds_what_it_has_reached() -> None:
    assert points(rate('shape = "ramp", to_per_s = 6')) == [(0, 0), (60, 6)]
    held = rate('shape = "ramp", from_per_s = 1, to_per_s = 6, at_s = 10, over_s = 20')
    assert points(held) == [(0, 1), (10, 1), (30, 6), (60, 6)]


def test_steps_follow_each_other_and_the_last_one_lasts() -> None:
    steps = rate('shape = "steps", per_s = [1, 5], every_s = 10')
    assert points(steps) == [(0, 1), (10, 1), (10, 5), (20, 5), (60, 5)]
    assert points(rate('shape = "steps", per_s = [1, 5]')) == [(0, 1), (30, 1), (30, 5), (60, 5)]


def test_a_spike_rises_at_once_and_falls_in_a_straight_line() -> None:
    spike = rate('shape = "spike", base_per_s = 2, peak_per_s = 50, at_s = 30, within_s = 4')
    assert points(spike) == [(0, 2), (30, 2), (30, 50), (34, 2), (60, 2)]
    bare = rate('shape = "spike", peak_per_s = 50, at_s = 30, within_s = 4')
    assert points(bare) == [(30, 50), (34, 0)]


def test_a_spikes_total_is_how_many_there_are_within_it() -> None:
    bare = rate('shape = "spike", total = 10_000, at_s = 30, within_s = 2')
    assert area(bare, 60) == pytest.approx(10_000)
    based = rate('shape = "spike", base_per_s = 3, total = 100, at_s = 30, within_s = 10')
    assert area(based, 60) == pytest.approx(100 + 3 * 50)


@pytest.mark.parametrize(
    "shape",
    [
        'shape = "constant", per_s = 7.5',
        'shape = "constant", per_s = 7.5, at_s = 3',
        'shape = "ramp", over_s = 33',
        'shape = "steps", steps = 7, every_s = 2.5',
        'shape = "steps", steps = 3, every_s = 0.1',
        'shape = "spike", at_s = 1, within_s = 3',
    ],
)
@pytest.mark.parametrize("count", [1, 10, 333])
def test_as_many_arrive_as_there_are(shape: str, count: int) -> None:
    curve = arrival(shape, count)
    assert area(curve, 60) == pytest.approx(count)
    assert points(curve) == sorted(points(curve), key=lambda point: point[0])


def test_whoever_arrives_by_steps_comes_within_a_second_of_each() -> None:
    assert points(arrival('shape = "steps", steps = 2, every_s = 5')) == [
        *((0, 0), (0, 5), (1, 5), (1, 0)),
        *((5, 0), (5, 5), (6, 5), (6, 0)),
    ]


@pytest.mark.parametrize(
    ("people", "line", "problem"),
    [
        ('role = "byuer"\ncount = 1', 6, 'role is "byuer"; it must be one of viewer, chatter, '
         "gifter, buyer, guest, slow_reader, churner, host (did you mean buyer?)"),
        ('role = "viewer"', 5, "count is missing; it must be a whole number from 1 to 1,000,000"),
        ('role = "viewer"\ncount = 1.5', 7, "count is 1.5; it must be a whole number from 1 to "
         "1,000,000"),
        ('role = "viewer"\ncount = true', 7, "count is true; it must be a whole number from 1 to "
         "1,000,000"),
        ('role = "viewer"\ncount = 1\nrooms = "mian"', 8, 'rooms is "mian"; it must be the name of '
         "one of [[rooms]]: main"),
        ('role = "viewer"\ncount = 1\nfixed = 1', 8, "fixed is 1; it must be true or false"),
        ('role = "viewer"\ncount = 1\nlikse = 3', 8, "likse is not known here; did you mean "
         "likes?"),
        ('role = "viewer"\ncount = 1\npins = { shape = "constant", per_s = 1 }', 8, "pins is only "
         "for a host; this role is viewer"),
        ('role = "chatter"\ncount = 1', 5, "role is chatter and comments is missing; without, make "
         "it a viewer"),
        ('role = "guest"\ncount = 1\n[people.gifts]\nshape = "constant"\nper_s = 1', 8, "gifts is "
         "not for guests; they have no token and only watch"),
        ('role = "host"\ncount = 1', 7, "count is not for hosts; there is one in each room from "
         "the beginning"),
        ('role = "churner"\ncount = 1\nstay_s = 1\naway_s = 1', 8, "stay_s is 1; it must be a "
         "number from 2 to 86,400"),
        ('role = "slow_reader"\ncount = 1', 5, "reads_every_s is missing; it must be a number from "
         "0.1 to 86,400"),
        ('role = "buyer"\ncount = 1\norders = { shape = "constant", per_s = -3 }', 8,
         "orders.per_s is -3; it must be a number from 0 to 10,000,000"),
        ('role = "buyer"\ncount = 1\norders.shape = "constant"\norders.per_s = inf', 9,
         "orders.per_s is inf; it must be a number from 0 to 10,000,000"),
        ('role = "buyer"\ncount = 1\n[people.orders]\nshape = "constant"\nper_s = 1\n'
         'offers = "pech"', 11, 'orders.offers "pech" is not on sale in "main"; there '
         "are peach, tea, honey"),
        ('role = "viewer"\ncount = 1\nlikes = 5', 8, "likes is 5; it must be a table: { … }"),
        ('role = "viewer"\ncount = 1\nlikes = { shape = "constant", per_s = 1, quantity = 2 }', 8,
         "likes.quantity is not known here; there are shape, per_s, from_s, until_s"),
        ('role = "viewer"\ncount = 1\nlikes = { shape = "spike", at_s = 1, within_s = 2 }', 8,
         "likes needs either peak_per_s or total, how many there are within the spike"),
        ('role = "viewer"\ncount = 1\n'
         'likes = { shape = "spike", base_per_s = 9, at_s = 1, within_s = 2, total = 3 }', 8,
         "likes.total is 3; it must be at least 18, what base_per_s gives by itself"),
        ('role = "viewer"\ncount = 1\n'
         'likes = { shape = "spike", at_s = 59, within_s = 2, total = 3 }', 8,
         "likes ends at 61 s; the show ends at duration_s = 60"),
        ('role = "viewer"\ncount = 1\narrive = { shape = "constant", per_s = 0.01 }', 8,
         "arrive ends at 100 s; the show ends at duration_s = 60"),
        ('role = "viewer"\ncount = 1\nlikes = { shape = "steps", per_s = [1, -1] }', 8,
         "likes.per_s is a list; it must be a list of numbers from 0 to 10,000,000"),
        ('role = "viewer"\ncount = 1\n'
         'likes = { shape = "constant", per_s = 1, from_s = 9, until_s = 9 }', 8,
         "likes.until_s is 9; it must be later than 9"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_told_with_its_line(people: str, line: int, problem: str) -> None:
    assert problems(f"{HEAD}[[people]]\n{people}\n") == [f"show.toml:{line}: [[people]] {problem}"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (HEAD.replace("60", "0") + VIEWERS, "2: duration_s is 0; it must be a number from 1 to "
         "86,400"),
        (HEAD + VIEWERS.replace("10", "1\nname = ''"), '8: [[people]] name is ""; it must be a '
         "text of 1 to 64 characters"),
        (HEAD, "1: people is missing; somebody must come: [[people]]"),
        (HEAD + '[[people]]\nrole = "host"', "5: people is missing; somebody must come: "
         "[[people]]"),
        ('title = "A"\nduration_s = 9\n' + VIEWERS, "1: rooms is missing; at least one group is "
         "needed: [[rooms]]"),
        (HEAD + '[[rooms]]\nname = "main"\n' + VIEWERS, '6: [[rooms]] name "main" is there twice; '
         "each needs a name of its own"),
        ('colour = "red"\n' + HEAD + VIEWERS, "1: colour is not known here; there are duration_s, "
         "rooms, people, title, incidents, objectives, seed"),
        ('objectives = [\n"reliable.lost == 0",\n"lost = 0",\n]\n' + HEAD + VIEWERS, "3: objective "
         '"lost = 0": an objective is a figure, one of <= >= == != < > and a number: '
         "comment.p99_ms <= 150"),
        (HEAD + 'offers = [{ offer = "pea ch", price_minor = 1 }]\n' + VIEWERS, "5: [[rooms]] "
         'offers.offer is "pea ch"; it must be of the letters A-Z a-z 0-9 _ -'),
        (HEAD + 'offers = [{ offer = "a", price_minor = 1 },\n{ offer = "a", price_minor = 2 }]\n'
         + VIEWERS, '6: [[rooms]] offers.offer "a" is there twice; a room has each once'),
        (HEAD + VIEWERS + '[[incidents]]\ntrouble = "raid"\nat_s = 1\nwithin_s = 1', "8: "
         "[[incidents]] to is missing; it must be the name of the rooms that are raided"),
        (HEAD + VIEWERS + '[[incidents]]\ntrouble = "drop"\nat_s = 59\nwithin_s = 2', "11: "
         "[[incidents]] within_s ends at 61 s, behind the show's end"),
        (HEAD + VIEWERS + '[[incidents]]\ntrouble = "drop"\nat_s = 5\nwithin_s = 2\npeople = "x"',
         '12: [[incidents]] people "x" is no group of people; there are viewer'),
        (HEAD + VIEWERS + '[[incidents]]\ntrouble = "drop"\nat_s = 5\nwithin_s = 2\nto = "main"',
         "12: [[incidents]] to is only for a raid"),
        (HEAD + VIEWERS + '[[incidents]]\ntrouble = "raid"\nat_s = 5\nwithin_s = 2\nto = "x"',
         '12: [[incidents]] to is "x"; it must be the name of one of [[rooms]]: main'),
        (HEAD + VIEWERS.replace("10", "1_000_000") + VIEWERS, "1: 1,000,010 people in all; there "
         "may be 1,000,000 at most"),
        (HEAD + VIEWERS + 'likes = { shape = "constant", per_s = 1_000_000 }', "1: 60,000,000 "
         "actions in all; there may be 20,000,000 at most"),
        (HEAD + "count = 1_000\n[[rooms]]\nname = 'b'\n" + VIEWERS + "rooms = 'b'", "1: 1,001 "
         "rooms in all; there may be 1,000 at most"),
        (HEAD + "count == 3", "5: Invalid value (column 8)"),
        (HEAD + "[[people", "5: Expected ']]' at the end of an array declaration at the file's "
         "end"),
    ],
)  # fmt: skip
def test_what_cannot_be_elsewhere_is_told_with_its_line(text: str, problem: str) -> None:
    assert problems(text) == [f"show.toml:{problem}"]


def test_all_problems_are_told_at_once_in_the_order_of_their_lines() -> None:
    people = '[[people]]\nrole = "byuer"\ncount = 0\nstay_s = 5\nfixed = 3\n'
    head = 'objectives = ["fast"]\n' + HEAD.replace("60", "-1")
    found = problems(head + people + "[[people]]\n" + "[[people]]\n")
    lines = [int(problem.split(":")[1]) for problem in found]
    assert lines == [1, 3, 7, 8, 10, 11, 11, 12, 12]


def test_no_problem_is_the_echo_of_another() -> None:
    rooms = '[[rooms]]\nname = "two"\noffers = [{ offer = "fig", price_minor = 0 }]\n'
    buyers = '[[people]]\nrole = "buyer"\ncount = 1\nrooms = "{}"\n'
    orders = 'orders = { shape = "constant", per_s = 1, offers = ["fig"] }\n'
    drop = '[[incidents]]\ntrouble = "dorp"\nat_s = 1\nwithin_s = 1\nto = "main"\n'
    found = problems(HEAD + rooms + buyers.format("tow") + orders + buyers.format("two") + orders)
    assert [problem.split(": ")[1].split(" is ")[0] for problem in found] == [
        "[[rooms]] offers.price_minor",
        "[[people]] rooms",
    ]
    assert len(problems(HEAD + VIEWERS + drop)) == 1


def test_who_is_to_buy_needs_something_on_sale() -> None:
    buyers = '[[people]]\nrole = "buyer"\ncount = 1\norders = { shape = "constant", per_s = 1 }\n'
    assert problems(HEAD + "offers = []\n" + buyers) == [
        "show.toml:9: [[people]] orders needs something on sale; offers of the rooms "
        '"main" is empty'
    ]


def test_no_more_problems_are_told_than_a_screen_holds() -> None:
    found = problems(HEAD + "[[people]]\n" * 30)
    assert len(found) == 21
    assert found[-1] == "and 40 more"


def test_a_file_is_read_by_its_path_and_named_so_in_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(HEAD + VIEWERS)
    assert (load(path).name, load(str(path)).viewers) == ("mine", 10)
    path.write_text(HEAD)
    with pytest.raises(BadScenario, match=f"^{path}:1: people is missing"):
        load(path)


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(b"title = '\xff'")
    with pytest.raises(BadScenario, match="not UTF-8 from byte 9 on"):
        load(path)


def test_an_unknown_name_is_answered_with_those_there_are() -> None:
    with pytest.raises(BadScenario, match=r"nor a shipped scenario; did you mean flash-sale\?"):
        load("flash-sal")
    with pytest.raises(BadScenario, match=f"there are {', '.join(names())}"):
        load("zzz")


def test_a_scenario_may_not_be_scaled_beyond_the_limits() -> None:
    show = load("steady-evening")
    require_within_limits(show.scaled(10))
    with pytest.raises(BadScenario, match="2,000,000 people in all; there may be 1,000,000"):
        require_within_limits(show.scaled(200))


def test_a_day_is_the_longest() -> None:
    assert read_text(HEAD.replace("60", "86400") + VIEWERS).duration_s == DURATION_S_MAX
    assert problems(HEAD.replace("60", "86401") + VIEWERS)
