"""A demo year that plays in a program of its own."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

_PATIENCE_SECONDS = 600  # a year takes two minutes on two idle cores
_TAIL = 3000


@dataclass(frozen=True, kw_only=True)
class Demo:
    """The demo's own folder, what it keeps, what it prints, and what it says meanwhile."""

    process: subprocess.Popen[bytes]
    folder: Path
    out: Path
    printed: Path
    log: Path

    def finished(self) -> None:
        """Wait until the year is over; it must have ended well."""
        code = self.process.wait(_PATIENCE_SECONDS)
        assert code == 0, self.log.read_text("utf-8")[-_TAIL:]
