"""What a machine says of itself."""

import os
from pathlib import Path

from loadtest.record import machine
from loadtest.record.machine import read_machine


def test_this_machine_is_read() -> None:
    found = read_machine()
    assert found.cores == len(os.sched_getaffinity(0))
    assert found.memory_mib > 100
    assert found.open_files_max >= 256
    assert all((found.cpu, found.kernel, found.python, found.clock))


def test_the_cpu_is_named_as_the_kernel_names_it(tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text("processor\t: 0\nmodel name\t: AMD EPYC 7B13\n")
    assert machine.cpu(tmp_path) == "AMD EPYC 7B13"
    (tmp_path / "cpuinfo").write_text("processor\t: 0\nModel\t: Raspberry Pi 5\n")
    assert machine.cpu(tmp_path) == "Raspberry Pi 5"


def test_a_machine_without_proc_is_named_by_its_architecture(tmp_path: Path) -> None:
    assert machine.cpu(tmp_path / "none")
    assert machine.clock(tmp_path / "none") == "unknown"
