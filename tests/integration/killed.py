"""A backup or a restore that is killed with SIGKILL just before its n-th step of a kind, in a process of its own."""

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from models.database import make_engine
from services.backups import back_up
from services.restoring import restore
from tests.integration.cast import LOADING

_CONTEXT = multiprocessing.get_context("fork")
_PATIENCE_SECONDS = 60


def killed_before(step: str, nth: int, work: Callable[..., None], *arguments: object) -> None:
    """Kill the work before its n-th `step`: an audit event of Python's, such as "os.rename" or "sqlite3.connect"."""
    process = _CONTEXT.Process(target=_work_until, args=(step, nth, work, arguments))
    process.start()
    process.join(_PATIENCE_SECONDS)
    assert process.exitcode == -signal.SIGKILL, "it ended before it was killed"


def _work_until(step: str, nth: int, work: Callable[..., None], arguments: tuple[object, ...]) -> None:
    left = nth

    def strike(event: str, _arguments: object) -> None:
        nonlocal left
        if event == step:
            left -= 1
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(strike)
    work(*arguments)


def restoring(place: Path, backup: Path) -> None:
    restore(make_engine(f"sqlite:///{place / 'dondoc.db'}"), place / "files", backup, actor="test", now=LOADING)


def backing_up(target: Path, database: str, files: Path) -> None:
    back_up(make_engine(f"sqlite:///{database}"), files, target, program="0.1.0", now=LOADING)
