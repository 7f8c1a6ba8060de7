"""What the lint can find: each finding has a code for programs and a sentence for the person who mends it."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """An error must be mended before the plan is loaded; a warning is a question to a person."""

    ERROR = "error"
    WARNING = "warning"


class Code(StrEnum):
    """What a finding is about."""

    MISSING_ITEM = "missing-item"
    UNKNOWN_ITEM = "unknown-item"
    TEXT_DIFFERS = "text-differs"
    DUTY_NOT_IN_CLAUSE = "duty-not-in-clause"
    WORDS_WITHOUT_DUTY = "words-without-duty"
    UNKNOWN_UNIT = "unknown-unit"
    NO_OWNER = "no-owner"
    EMPTY_GROUP = "empty-group"
    NO_DEADLINE = "no-deadline"
    OTHER_PLAN = "other-plan"
    OTHER_YEARS = "other-years"
    UNKNOWN_DUTY = "unknown-duty"
    UNKNOWN_RECIPIENT = "unknown-recipient"
    NEVER_DUE = "never-due"
    OTHER_PERIOD = "other-period"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing to mend or to decide; `line` is that of `file`, `clause` the clause, duty or entry it is about."""

    severity: Severity
    code: Code
    clause: str
    line: int
    message: str
    file: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.severity}: {self.clause}: {self.message}"


def error(code: Code, clause: str, line: int, message: str) -> Finding:
    return Finding(severity=Severity.ERROR, code=code, clause=clause, line=line, message=message)


def warning(code: Code, clause: str, line: int, message: str) -> Finding:
    return Finding(severity=Severity.WARNING, code=code, clause=clause, line=line, message=message)
