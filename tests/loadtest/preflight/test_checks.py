"""What is complained of before a run, and what is said to put it right."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.preflight.checks import Check, Files, Need, Server, State, Surroundings, judge

GIB = 2**30
GOOD = Surroundings(
    cores=8,
    addresses=64,
    files_max=200_000,
    all_files=(5_000, 2_000_000),
    ports=(32_768, 60_999),
    memory_available_bytes=16 * GIB,
    busy_pct=3.0,
    clock="tsc",
    clock_step_ms=1e-6,
    backlog_max=4_096,
    tracked=(0, 262_144),
)
WORKER = Files("worker-0", 30, 200_000, 100_000)
HERE = Server(url="http://127.0.0.1:8080", is_here=True, workers=(WORKER,))
AFAR = replace(HERE, url="https://live.example", is_here=False)


def checked(
    viewers: int = 10_000, crews: int = 2, server: Server = HERE, **differing: Any
) -> dict[str, Check]:
    checks = judge(Need(viewers=viewers, crews=crews), replace(GOOD, **differing), server)
    assert len({check.name for check in checks}) == len(checks)
    return {check.name: check for check in checks}


def complaints(checks: dict[str, Check]) -> dict[str, tuple[State, str]]:
    return {name: (each.state, each.fix) for name, each in checks.items() if each.fix}


def test_a_good_machine_is_not_complained_of() -> None:
    checks = checked()
    assert {check.state for check in checks.values()} == {State.OK}
    assert len(checks) == 10


CASES: list[tuple[dict[str, Any], str, State, str]] = [
    (
        {"files_max": 4_096},
        "open files, a generator process",
        State.STOP,
        "use --crews 3, or raise the hard limit, as root: ulimit -n 5256",
    ),
    (
        {"files_max": 300},
        "open files, a generator process",
        State.STOP,
        "raise the hard limit, as root: ulimit -n 5256",
    ),
    (
        {"all_files": (5_000, 20_000)},
        "open files, the machine",
        State.STOP,
        "sysctl -w fs.file-max=50000",
    ),
    (
        {"server": replace(HERE, workers=(replace(WORKER, open_files_max=1_024),))},
        "open files, worker-0",
        State.STOP,
        "before starting the server: ulimit -n 10158",
    ),
    (
        {"server": replace(HERE, workers=(replace(WORKER, connections_max=9_000),))},
        "connections, worker-0",
        State.STOP,
        "livesrv serve --connections-max 10000",
    ),
    (
        {"server": replace(AFAR, workers=(WORKER,))},
        "connections of one address",
        State.WARN,
        "livesrv serve --connections-per-address-max 10000",
    ),
    (
        {"addresses": 1, "ports": (60_000, 60_999)},
        "ports",
        State.STOP,
        'sysctl -w net.ipv4.ip_local_port_range="1024 65535"',
    ),
    (
        {"addresses": 1, "viewers": 100_000, "crews": 8},
        "ports",
        State.STOP,
        'sysctl -w net.ipv4.ip_local_port_range="1024 65535", and spread the viewers over 2 '
        "generator machines",
    ),
    (
        {"memory_available_bytes": GIB // 4},
        "memory",
        State.STOP,
        "play at most 6,010 viewers from this machine: --viewers 6010",
    ),
    (
        {"crews": 9},
        "cores",
        State.WARN,
        "use --crews 8: more processes than cores wait for each other",
    ),
    (
        {"crews": 3, "cores": 2, "files_max": 4_096},
        "cores",
        State.WARN,
        "use --crews 2: more processes than cores wait for each other (and as root, for their "
        "files: ulimit -n 5256)",
    ),
    (
        {"crews": 6},
        "cores",
        State.WARN,
        "they share cores, and so do their figures: play from another machine than the server",
    ),
    (
        {"crews": 1, "viewers": 25_000},
        "cores",
        State.WARN,
        "use --crews 3: one process with 25,000 viewers may be late itself",
    ),
    (
        {"busy_pct": 60.0},
        "other programs",
        State.WARN,
        "end what else runs here: top -o %CPU shows it",
    ),
    (
        {"clock": "hpet"},
        "clock",
        State.WARN,
        "echo tsc > /sys/devices/system/clocksource/clocksource0/current_clocksource",
    ),
    (
        {"backlog_max": 128},
        "backlog of the server",
        State.WARN,
        "sysctl -w net.core.somaxconn=4096, and start it anew",
    ),
    (
        {"tracked": (100, 8_192)},
        "connections the firewall tracks",
        State.WARN,
        "sysctl -w net.netfilter.nf_conntrack_max=20200",
    ),
]


@pytest.mark.parametrize(("differing", "name", "state", "fix"), CASES)
def test_what_is_too_little_is_named_with_how_to_put_it_right(
    differing: dict[str, Any], name: str, state: State, fix: str
) -> None:
    assert complaints(checked(**differing))[name] == (state, fix)


def test_what_is_done_as_advised_is_complained_of_no_more() -> None:
    advised = complaints(checked(files_max=4_096))["open files, a generator process"][1]
    assert advised.startswith("use --crews 3,")
    assert "open files, a generator process" not in complaints(checked(files_max=4_096, crews=3))


def test_without_a_server_its_limits_are_left_out_and_it_is_said() -> None:
    nobody = replace(HERE, workers=(), silence="nobody answers there", advice="start it")
    checks = checked(server=nobody)
    assert complaints(checks) == {"server": (State.WARN, "start it")}
    assert not any("worker" in name for name in checks)


def test_workers_that_share_a_port_are_not_given_equal_shares() -> None:
    two = replace(HERE, workers=tuple(replace(WORKER, name=f"worker-{n}") for n in range(2)))
    assert checked(server=two)["open files, worker-1"].needed == "5,658"


def test_what_nobody_told_is_not_complained_of() -> None:
    unknown: dict[str, Any] = dict.fromkeys(
        ("all_files", "ports", "memory_available_bytes", "busy_pct", "backlog_max", "tracked")
    )
    silent = replace(HERE, workers=(Files("worker-0", 30, None),))
    assert complaints(checked(server=silent, clock="unknown", **unknown)) == {}


@given(st.integers(1, 10**6), st.integers(1, 64), st.integers(0, 10**6), st.integers(1, 64))
def test_only_what_is_not_ok_has_a_fix(
    viewers: int, crews: int, files_max: int, cores: int
) -> None:
    for check in checked(viewers, crews, files_max=files_max, cores=cores).values():
        assert bool(check.fix) == (check.state is not State.OK)
