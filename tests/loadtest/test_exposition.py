"""A scrape of /metrics, read."""

import pytest

from loadtest.run.exposition import family, parsed

TEXT = """\
# HELP livesrv_connections Open WebSocket connections; near connections_max add workers.
# TYPE livesrv_connections gauge
livesrv_connections{process="worker-0"} 7.0
livesrv_connections{process="worker-1"} 5.0
livesrv_connections_max{process="worker-0"} 100.0
livesrv_store_ping_seconds{process="worker-0",store="ledger"} 0.002
livesrv_store_ping_seconds{process="worker-0",store="bus"} 1e-03
livesrv_command_seconds_bucket{le="0.005",process="worker-0",type="order"} 3.0
livesrv_command_seconds_bucket{le="0.005",process="worker-0",type="gift"} 4.0
livesrv_command_seconds_bucket{le="+Inf",process="worker-0",type="gift"} 4.0
"""


def test_each_process_has_its_values_by_name_and_labels() -> None:
    scrape = parsed(TEXT, {"connections", "store_ping_seconds"})
    assert scrape == {
        "worker-0": {
            "connections": 7.0,
            "store_ping_seconds ledger": 0.002,
            "store_ping_seconds bus": 0.001,
        },
        "worker-1": {"connections": 5.0},
    }


def test_orders_and_gifts_are_added_up() -> None:
    buckets = parsed(TEXT, {"command_seconds_bucket"})["worker-0"]
    assert dict(family(buckets, "command_seconds_bucket")) == {"0.005": 7.0, "+Inf": 4.0}


def test_what_is_not_wanted_is_not_even_parsed() -> None:
    assert parsed(TEXT + "livesrv_strange{process=} what\n", {"connections_max"}) == {
        "worker-0": {"connections_max": 100.0}
    }


def test_a_wanted_line_that_makes_no_sense_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parsed('livesrv_connections{process="worker-0"} many\n', {"connections"})


def test_a_family_is_not_taken_for_another_whose_name_begins_alike() -> None:
    keys = {"store_ping_seconds bus": 1.0, "store_ping_seconds_max bus": 2.0}
    assert list(family(keys, "store_ping_seconds")) == [("bus", 1.0)]
