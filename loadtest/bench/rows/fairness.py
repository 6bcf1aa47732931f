"""A flood by one author into a room with a small budget: are the others still heard?"""

from collections import Counter

from ..account import fair_shares
from ..finding import Checks, Finding
from ..plan import Sizes
from ..servers import Settings
from ..show import Show, showing
from ..talk import Comments, Pace
from ..visitor import Room
from .crowd import TALK_MARGIN_S, judge

BUDGET_PER_S = 20
FLOODER_PER_S = 50
OTHERS = 25
OTHERS_PER_S = 50
TOLERANCE = 0.10
SECONDS = 15.0
SETTINGS: Settings = {
    "waterfall_comments_per_s": BUDGET_PER_S,
    "comments_per_s": 1_000,
    "comments_burst": 1_000,
}
WARM_UP_S = 3.0
"""The budget may begin with a burst, in which everybody is shown."""


def fairness(sizes: Sizes) -> list[Finding]:
    seconds = sizes.seconds if sizes.is_quick else SECONDS
    with showing(SETTINGS) as show:
        room = show.open_room("r")
        flooder, *others = show.commenters(room, 1 + OTHERS)
        watchers = show.watchers(room, sizes.fair_members, first=1 + OTHERS)
        show.let_in([flooder, *others, *watchers])
        comments = Comments(show.audience, room)
        flood = Pace([flooder], FLOODER_PER_S, round(FLOODER_PER_S * seconds), comments.send)
        rest = Pace(others, OTHERS_PER_S, round(OTHERS_PER_S * seconds), comments.send)
        show.audience.agendas += [flood, rest]
        within_s = seconds + TALK_MARGIN_S
        show.wait_for(lambda: flood.is_over and rest.is_over, within_s, "all comments being sent")
        account = show.settle_down(room)
        checks = Checks()
        told = judge(checks, show, room, account)
        warm_up_s = 0.0 if sizes.is_quick else WARM_UP_S
        shown = _shown(room, warm_up_s)
        return [_finding(show, checks, shown, flooder.member.number, told)]


def _shown(room: Room, warm_up_s: float) -> Counter[int]:
    """Comments shown to everybody, by author, once the burst is over."""
    script = room.script
    from_ns = script.sent_ns[0] + round(warm_up_s * 1e9)
    (reference,) = room.references.values()
    numbers = (number for frame in reference.told for number in frame.comments)
    return Counter(script.authors[n] for n in numbers if script.sent_ns[n] >= from_ns)


def _finding(
    show: Show, checks: Checks, shown: Counter[int], flooder: int, told: dict[str, int]
) -> Finding:
    demands = [float(FLOODER_PER_S), *[OTHERS_PER_S / OTHERS] * OTHERS]
    fair = sum(fair_shares(demands, BUDGET_PER_S)[1:]) / BUDGET_PER_S
    total = max(shown.total(), 1)
    share = (total - shown[flooder]) / total
    has_budget = not show.server.left_out
    checks.that(has_budget, f"this server has no {', '.join(show.server.left_out)}")
    checks.at_most("the others' share is off max-min fair by", abs(share / fair - 1), TOLERANCE)
    each = [count for author, count in shown.items() if author != flooder]
    return Finding(
        f"flood of {FLOODER_PER_S + OTHERS_PER_S}/s, budget {BUDGET_PER_S}/s",
        f"the others have {share:.0%} of what is shown, fair is {fair:.0%}",
        f"within {TOLERANCE:.0%} of max-min fair",
        checks.verdict(),
        {"share": share, "fair_share": fair, "shown": shown.total(), **told},
        checks.reasons,
        [
            f"shown of the flooder {shown[flooder]}, of each other {min(each, default=0)} to "
            f"{max(each, default=0)}"
        ],
    )
