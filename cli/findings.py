"""What `dondoc doctor` says of one part of the configuration."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How a part stands."""

    GOOD = "good"
    WARNING = "warning"
    WRONG = "wrong"


@dataclass(frozen=True, kw_only=True)
class Part:
    """One thing that was looked at; `mend` says what to do."""

    name: str
    verdict: Verdict
    found: str
    mend: str = ""
