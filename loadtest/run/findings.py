"""A run's books turned into a result: figures only, nothing judged."""

from dataclasses import asdict
from typing import Any

from ..books.books import Books
from ..books.latency import Measure
from ..client.audience import Audience
from ..crew.schedule import Kind
from .drain import End
from .plan import Plan
from .result import Generator, Outcomes, Reconciliation, Result


def sum_up(
    plan: Plan,
    books: Books,
    audience: Audience,
    ends: dict[str, End],
    ledger: Reconciliation,
    generator: Generator,
) -> Result:
    """Collect everything that was measured. The books must have been settled."""
    return Result(
        run=books.run,
        plan=_plain(plan),
        viewers_entered=sum(viewer.entered.is_set() for viewer in audience.viewers),
        viewers_gone=sum(viewer.is_gone for viewer in audience.viewers),
        waterfall=books.deliveries.account(),
        reliable=books.tally,
        latency_ms={measure.value: books.latencies.summary(measure) for measure in Measure},
        outcomes=_outcomes(books),
        late=books.late,
        retries=books.retries,
        resent=books.resent,
        reconnects=books.reconnects,
        errors=dict(books.errors),
        close_codes={str(code): count for code, count in books.close_codes.items()},
        entry_failures=dict(books.entry_failures),
        event_mismatches=sum(room.mismatches for room in books.rooms.values()),
        unreadable=books.unreadable_count,
        unreadable_first=books.unreadable_first,
        rooms_unsettled=len(books.rooms) - len(ends),
        ledger=ledger,
        generator=generator,
    )


def _plain(plan: Plan) -> dict[str, Any]:
    return {**asdict(plan), "data_dir": plan.data_dir and str(plan.data_dir)}


def _outcomes(books: Books) -> dict[str, Outcomes]:
    return {kind.value: _outcome(books, kind) for kind in Kind}


def _outcome(books: Books, kind: Kind) -> Outcomes:
    comments, receipts = books.comments, books.receipts
    of_comments = (comments["accepted"], comments["refused"])
    of_purchases = (receipts.acknowledged[kind], receipts.refused[kind])
    acknowledged, refused = of_comments if kind is Kind.COMMENT else of_purchases
    sent = books.sent[kind]
    return Outcomes(
        scheduled=len(books.tables[kind]),
        sent=sent,
        acknowledged=acknowledged,
        refused=refused,
        skipped=comments["skipped"] if kind is Kind.COMMENT else receipts.skipped[kind],
        unknown=sent - acknowledged - refused,
    )
