"""Starts several long-lived programs in order and stops them together, leaving nothing behind.

Linux only: what belongs to the tree is recognised by a mark in its environment, read from /proc. A session or a process
group would not do, because Prefect's worker puts every flow run in a session of its own.
"""

import os
import signal
import subprocess
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from rules.errors import DondocError

_MARK = "DONDOC_PROCESS_TREE"
_GRACE_SECONDS = 10.0  # uvicorn and the worker need two or three to close their connections
_POLL_SECONDS = 0.1
_TAIL_LINES = 20
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class ChildDiedError(DondocError):
    """A program that dondoc started has ended by itself."""


class NotReadyError(DondocError):
    """A program that dondoc started did not become ready in time."""


@dataclass(frozen=True, kw_only=True)
class Child:
    """A started program, its log, and the mark that all its descendants carry."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    mark: str

    def tail(self) -> str:
        """Return the last lines of the log, for a person to read."""
        lines = self.log.read_text("utf-8", errors="replace").splitlines()
        return "\n".join(lines[-_TAIL_LINES:]) or "(the log is empty)"

    def check(self) -> None:
        """Raise `ChildDiedError` when the program no longer runs."""
        code = self.process.poll()
        if code is not None:
            raise ChildDiedError(f"{self.name} ended with exit code {code}. Last lines of {self.log}:\n{self.tail()}")


class ProcessTree:
    """Children started one after the other and stopped together, the youngest first.

    To be entered in the main thread. While it is entered SIGTERM is answered like Ctrl-C, by KeyboardInterrupt, even
    when the shell that started us had SIGINT ignored; leaving it, however it is left, stops all children.
    """

    def __init__(self, logs: Path, *, grace: float = _GRACE_SECONDS) -> None:
        """Keep each child's log in `logs`, the previous one as `.log.old`; kill what outlives SIGTERM by `grace`."""
        self._logs = logs
        self._grace = grace
        self._token = uuid.uuid4().hex
        self._children: list[Child] = []

    def __enter__(self) -> Self:
        # A signal with a handler is reset to its default by exec, an ignored one stays ignored: thanks to these two
        # handlers the children do react to SIGINT, without which a Prefect worker never ends on SIGTERM.
        self._handlers = {number: signal.signal(number, signal.default_int_handler) for number in _SIGNALS}
        self._logs.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self.stop()
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def start(
        self, name: str, argv: Sequence[str], env: Mapping[str, str], ready: Callable[[], bool], timeout: float
    ) -> None:
        """Start a program and wait until `ready()`; `ChildDiedError` or `NotReadyError` (seconds) when it is not."""
        with self.starting(name, argv, env, ready, timeout):
            pass

    @contextmanager
    def starting(
        self, name: str, argv: Sequence[str], env: Mapping[str, str], ready: Callable[[], bool], timeout: float
    ) -> Iterator[None]:
        """Start a program, let the block do other things meanwhile, and wait at its end as `start` does."""
        child = self._spawn(name, argv, env)
        self._children.append(child)
        deadline = time.monotonic() + timeout
        yield
        while not ready():
            child.check()
            if time.monotonic() > deadline:
                raise NotReadyError(
                    f"{name} was not ready after {timeout:.0f} s. Last lines of {child.log}:\n{child.tail()}"
                )
            time.sleep(_POLL_SECONDS)
        # Somebody else's program may have answered for one that could not start.
        child.check()

    def check(self) -> None:
        """Raise `ChildDiedError` when any child has ended."""
        for child in self._children:
            child.check()

    def wait(self) -> int:
        """Wait for Ctrl-C or SIGTERM, then stop all and return 0; raise `ChildDiedError` when a child ends before."""
        try:
            while True:
                self.check()
                time.sleep(_POLL_SECONDS)
        except KeyboardInterrupt:
            self.stop()
            return 0

    def stop(self) -> None:
        """Stop all children and all their descendants; what does not go within the grace time is killed."""
        # A second, impatient Ctrl-C must not leave half of them running.
        with _signals_ignored():
            while self._children:
                self._stop_child(self._children.pop())
            _end(self._token, grace=0)

    def _spawn(self, name: str, argv: Sequence[str], env: Mapping[str, str]) -> Child:
        log = self._logs / f"{name}.log"
        mark = f"{self._token}:{name};"
        if log.exists():
            log.replace(log.with_suffix(".log.old"))
        with log.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603 - the programs are our own, the arguments never a user's text
                argv,
                env={**env, _MARK: mark},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # the terminal's Ctrl-C reaches us alone: we stop them in order
            )
        return Child(name=name, process=process, log=log, mark=mark)

    def _stop_child(self, child: Child) -> None:
        """End its own children first: a flow run can then still report to the server that it was ended."""
        _end(child.mark, grace=self._grace, spared=child.process.pid)
        if child.process.poll() is None:
            child.process.terminate()
        with suppress(subprocess.TimeoutExpired):
            child.process.wait(self._grace)
        _end(child.mark, grace=self._grace)
        child.process.wait()


@contextmanager
def _signals_ignored() -> Iterator[None]:
    before = {number: signal.signal(number, signal.SIG_IGN) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(mark: str, *, grace: float, spared: int | None = None) -> None:
    """End every process whose mark begins with `mark`, but for one: SIGTERM, then SIGKILL until none is left."""
    deadline = time.monotonic() + grace
    asked: set[int] = set()
    while pids := set(processes_marked(mark)) - {spared}:
        late = time.monotonic() >= deadline
        _send(pids if late else pids - asked, signal.SIGKILL if late else signal.SIGTERM)
        asked |= pids
        time.sleep(_POLL_SECONDS)


def _send(pids: Iterable[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def processes_marked(mark: str) -> list[int]:
    """Return the running processes whose mark begins with `mark`; a zombie has none."""
    wanted = f"{_MARK}={mark}".encode()
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit() and _carries(entry, wanted)]


def _carries(entry: Path, wanted: bytes) -> bool:
    try:
        environment = (entry / "environ").read_bytes()
    except OSError:  # another user's process, or one that has just gone
        return False
    return any(variable.startswith(wanted) for variable in environment.split(b"\0"))
