"""Deliberate defects in what statements tell, and to whom."""

from .mutant import Mutant

STATEMENT = "livesrv/ledger/statement.py"
READING = "livesrv/ledger/reading.py"
TAKE = "livesrv/ledger/take.py"
API = "livesrv/api/statements.py"

LEDGER_TEST = "tests/ledger/test_statement.py::"
PAPER_TEST = "tests/test_statements.py::"
WHOLE_TEST = (
    "tests/commerce/test_statements.py"
    "::test_statements_of_any_market_add_up_chain_and_come_to_the_store"
)

STATEMENTS = [
    Mutant(
        STATEMENT,
        "if before + amount != after:",
        "if False:",
        LEDGER_TEST + "test_a_balance_that_does_not_follow_is_not_told",
    ),
    Mutant(
        STATEMENT,
        "if balance != moved.before + moved.amount:",
        "if False:",
        LEDGER_TEST + "test_a_batch_that_is_not_the_sum_of_its_sales_is_not_told",
    ),
    Mutant(
        STATEMENT,
        "            elif amount:",
        "            else:",
        LEDGER_TEST + "test_a_leg_that_only_reads_a_balance_is_no_movement",
    ),
    Mutant(STATEMENT, "if part and asset == moved.asset:", "if part:", WHOLE_TEST),
    Mutant(
        READING,
        "self._reached_ms = max(self._reached_ms, line.at)",
        "self._reached_ms = line.at",
        LEDGER_TEST + "test_a_period_begins_at_its_first_line_even_when_the_clock_steps_back",
    ),
    Mutant(
        READING,
        "self._reached_ms = max(self._reached_ms, index.latest_ms)",
        "pass",
        LEDGER_TEST + "test_the_clock_of_a_segment_that_is_not_read_counts_too",
    ),
    Mutant(READING, " and line.place > asked.behind", "", WHOLE_TEST),
    Mutant(
        READING,
        "if segment.first != place + 1:",
        "if False:",
        LEDGER_TEST + "test_an_archive_with_a_hole_is_not_told",
    ),
    Mutant(
        READING,
        "while segments and self._is_before(segments[0]):",
        "while False:",
        LEDGER_TEST + "test_segments_before_the_period_and_without_the_account_are_not_read",
    ),
    Mutant(
        READING,
        "if index.balances.keys().isdisjoint(self._asked.accounts):",
        "if False:",
        LEDGER_TEST + "test_segments_before_the_period_and_without_the_account_are_not_read",
    ),
    Mutant(
        READING,
        "self._statement.balances.update(opening)",
        "pass",
        LEDGER_TEST + "test_segments_before_the_period_and_without_the_account_are_not_read",
    ),
    Mutant(
        READING,
        "[line for line in found if line.place > place]",
        "found",
        LEDGER_TEST + "test_sales_of_before_the_period_are_told_where_their_batch_is",
    ),
    Mutant(TAKE, 'in ("refund", "cancel")', 'in ("refund",)', WHOLE_TEST),
    Mutant(
        TAKE,
        "if day_ms != self._day_ms:",
        "if False:",
        LEDGER_TEST + "test_a_take_is_by_day_room_and_currency_and_counts_what_was_given_back",
    ),
    Mutant(
        "livesrv/statement_formats.py",
        "cell.startswith(FORMULA_STARTS)",
        "False",
        PAPER_TEST + "test_csv_keeps_every_cell_and_gives_spreadsheets_no_formula",
    ),
    Mutant(
        "livesrv/statements.py",
        "return name == user or name in party_accounts(user)",
        "return name.endswith(user)",
        PAPER_TEST + "test_ones_own_are_ones_party_and_its_accounts",
    ),
    Mutant(
        API,
        "            run.kill()",
        "            pass",
        PAPER_TEST + "test_who_reads_too_long_is_ended_and_answered_busy",
    ),
    Mutant(
        API,
        "            starting.add_done_callback(_end)\n",
        "",
        PAPER_TEST + "test_a_reading_that_is_given_up_while_it_starts_is_ended_too",
    ),
    Mutant(
        API,
        "if not is_own(account, user.user):",
        "if False:",
        "tests/wire/test_http_statements.py::test_what_is_not_ones_own_is_forbidden",
    ),
]
