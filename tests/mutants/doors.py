"""Deliberate defects in who is let in, and in what operators are told."""

from .mutant import Mutant

ADDRESSES = "livesrv/addresses.py"
BUDGETS = "livesrv/budgets.py"
LIMITS = "livesrv/limits.py"
BULLETIN = "livesrv/bulletin.py"
BUYERS = "livesrv/buyers.py"
TURNSTILE = "livesrv/turnstile.py"
DATADIR = "livesrv/datadir.py"
PRACTICE = "livesrv/rehearsal/practice.py"
TUNNEL = "livesrv/rehearsal/tunnel.py"
PROXY_HEADERS = "livesrv/rehearsal/headers.py"

ADDRESSES_TEST = "tests/test_addresses.py::"
BUDGETS_TEST = "tests/test_budgets.py::"
LIMITS_TEST = "tests/test_limits.py::"
BULLETIN_TEST = "tests/test_bulletin.py::"
PRACTICE_TEST = "tests/rehearsal/test_practice.py::"
FAR_END_TEST = "tests/rehearsal/test_far_end.py::"
PROXY_HEADERS_TEST = "tests/rehearsal/test_headers.py::"
METRICS_TEST = "tests/wire/test_metrics.py::"

DOORS = [
    Mutant(
        ADDRESSES,
        "_parsed(hops.pop())",
        "_parsed(hops.pop(0))",
        ADDRESSES_TEST + "test_what_a_client_puts_before_its_hop_changes_nothing",
    ),
    Mutant(
        BUDGETS,
        "if not known_ms and len(self) >= self._keys_max:",
        "if False:",
        BUDGETS_TEST + "test_ever_new_keys_neither_grow_it_nor_wash_away_a_debt",
    ),
    Mutant(
        BUDGETS,
        "self._old, self._young = self._young, {}",
        "self._old, self._young = {}, {}",
        BUDGETS_TEST + "test_debt_outlives_every_turn_until_it_is_paid",
    ),
    Mutant(
        BUDGETS,
        "            self._young[key] = owed_ms\n            return",
        "            return",
        BUDGETS_TEST + "test_debt_outlives_every_turn_until_it_is_paid",
    ),
    Mutant(
        LIMITS,
        "        self._last_ms = place_ms\n",
        "",
        LIMITS_TEST + "test_few_are_turned_away_twice_by_a_storm",
    ),
    Mutant(
        BUYERS,
        "if opened.room.is_buyer(user) or opened.room.has_forgotten_buyers:",
        "if opened.room.is_buyer(user):",
        "tests/test_buyers.py::test_who_was_forgotten_among_many_is_found_again",
    ),
    Mutant(
        BULLETIN,
        "and s.at_ms > since_ms",
        "",
        BULLETIN_TEST + "test_process_that_pins_nothing_up_any_more_is_forgotten",
    ),
    Mutant(
        TURNSTILE,
        " and not self._is_passed_on(request)\n",
        "\n",
        METRICS_TEST + "test_from_elsewhere_it_needs_a_token_of_operations",
    ),
    Mutant(
        PRACTICE,
        "        ledger_url=None,\n",
        "",
        PRACTICE_TEST + "test_a_rehearsal_has_its_own_stores_and_directory_and_no_payments",
    ),
    Mutant(
        DATADIR,
        "        if is_held(directory):",
        "        if True:",
        FAR_END_TEST + "test_nothing_goes_to_a_port_whose_server_has_ended",
    ),
    Mutant(
        TUNNEL,
        "self._other.pause_reading()",
        "pass",
        FAR_END_TEST + "test_a_client_that_does_not_read_stops_the_far_end_and_misses_nothing",
    ),
    Mutant(
        PROXY_HEADERS,
        ', peer or "unknown"]',
        "]",
        PROXY_HEADERS_TEST + "test_the_connections_other_end_is_always_added_behind_what_was_said",
    ),
]
