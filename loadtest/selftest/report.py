"""What the cases showed, as a table, and as a verdict in the end.

Invariant: every check that was missed is shown; counts that are right are only counted.
"""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from .judging import Check
from .play import Outcome


def table(outcomes: Sequence[Outcome]) -> Table:
    """All cases: what was told, done and reported."""
    made = Table(title="What was done, and what the harness said of it", title_justify="left")
    made.add_column("case")
    made.add_column("figure")
    for heading in ("told", "done", "reported", "off by"):
        made.add_column(heading, justify="right", overflow="fold")
    made.add_column("")
    for outcome in outcomes:
        for place, check in enumerate(_shown(outcome)):
            made.add_row(outcome.case.name if place == 0 else "", *_cells(check), _mark(check))
        made.add_row("", Text(_rest(outcome), style="dim"), end_section=True)
    return made


def line(outcome: Outcome) -> Text:
    """One case in a line, as it ends."""
    missed = sum(not check.is_met for check in outcome.checks)
    again = f", at the {outcome.tries}. try" if outcome.tries > 1 else ""
    result = f"{missed} of {len(outcome.checks)} checks missed" if missed else "as it is"
    style = "red" if missed else "green"
    return Text.assemble(
        (f"{outcome.case.name:16}", "bold"), f"{outcome.case.shows}: ", (result + again, style)
    )


def print_verdict(outcomes: Sequence[Outcome], seconds: float, console: Console) -> None:
    checks = sum(len(outcome.checks) for outcome in outcomes)
    wrong = [outcome.case.name for outcome in outcomes if not outcome.is_met]
    if wrong:
        text = f"FAILED: {', '.join(wrong)}. On this machine, the harness is not to be trusted."
        console.print(Text(text, style="bold red"))
        return
    played = f"{checks} checks in {len(outcomes)} cases, {seconds:.0f} s"
    text = f"OK: {played}. The harness says what is so."
    console.print(Text(text, style="bold green"))


def _shown(outcome: Outcome) -> list[Check]:
    return [check for check in outcome.checks if _is_worth_a_row(check)]


def _is_worth_a_row(check: Check) -> bool:
    return not check.is_met or check.is_timing or bool(check.told) or check.what == "verdict"


def _rest(outcome: Outcome) -> str:
    rest = len(outcome.checks) - len(_shown(outcome))
    return f"and {rest} counts, all exact" if rest else ""


def _cells(check: Check) -> tuple[str, ...]:
    return check.what, check.told, check.true, check.reported, check.off


def _mark(check: Check) -> Text:
    return Text("ok", style="green") if check.is_met else Text("OFF", style="bold red")
