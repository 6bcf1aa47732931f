"""The command line without a process of its own."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from loadtest.__main__ import main
from loadtest.selftest.stub import SECRET

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Command:
    """Runs the command in a directory of its own; gives exit code, output and errors."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LIVESRV_JWT_SECRET", SECRET)
    monkeypatch.delenv("DATA_DIR", raising=False)

    def carry_out(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["loadtest", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        output, errors = capsys.readouterr()
        return int(ended.value.code or 0), output, errors

    return carry_out
