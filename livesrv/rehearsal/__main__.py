"""The rehearsal's process: a supervisor of its own, and the director beside it.

It says at once that it is ready: the real server waits for no rehearsal, and goes on without one.
"""

import os

from livesrv import process
from livesrv.config import Config
from livesrv.supervisor import SetupError, Supervisor

from .director import Director
from .practice import directory, practice

NICENESS = 10
"""Whatever a rehearsal does, the real server's processes have the cores before it."""


async def main(config: Config) -> None:
    """Serve and direct until told to stop. Raises `Ended` when it cannot."""
    process.tell_ready()
    os.nice(NICENESS)
    supervisor = Supervisor(practice(config), log_dir=directory(config) / "logs")
    try:
        await supervisor.start()
    except SetupError as error:
        raise process.Ended(f"there is no rehearsal: {error}") from None
    stopped = process.stop_signal()
    try:
        await process.run_until(stopped, {"the director": _director(supervisor).direct()})
    finally:
        await supervisor.stop()


def _director(supervisor: Supervisor) -> Director:
    config = supervisor.config
    assert config.jwt_secret is not None  # resolved by the real server's supervisor
    return Director(supervisor.url, config.jwt_secret, config.rehearsal_minutes_max * 60)


if __name__ == "__main__":
    process.run("rehearsal", main)
