"""One program per folder: the system frees the folder when its holder ends, however it ends."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rules.errors import DondocError


class FolderError(DondocError):
    """The folder cannot be had."""


@contextmanager
def held(lock: Path, refusal: str) -> Iterator[None]:
    """Hold the folder in which `lock` lies, made for its owner alone when it is missing; refuse when it is held."""
    try:
        lock.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = lock.open("a")
    except OSError as error:
        raise FolderError(f"the folder {lock.parent} cannot be used: {error.strerror}") from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FolderError(refusal) from None
        yield
