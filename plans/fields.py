"""The kinds of value that the files may hold, each with the mend for what cannot stand there."""

import re
from datetime import date
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from plans.normal import one_line

_ISO_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_ADDRESS = re.compile(r"[A-Za-z0-9_%+-]+(\.[A-Za-z0-9_%+-]+)*@([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,}")
_PERIOD = re.compile(r"H[12]|Q[1-4]|M(0[1-9]|1[0-2])")
_SOURCE = re.compile(r"[^/\\]+\.txt")


def _whole(pattern: re.Pattern[str], mend: str) -> BeforeValidator:
    """Accept only a text that the pattern matches from end to end, not even followed by a newline."""

    def check(value: object) -> object:
        if isinstance(value, str) and not pattern.fullmatch(value):
            raise ValueError(f"{value!r} cannot stand here; {mend}")
        return value

    return BeforeValidator(check)


def _words(value: object) -> object:
    if not isinstance(value, str):
        return value
    if not (words := one_line(value)):
        raise ValueError("the text is empty; fill it in or leave the key out")
    return words


def _existing_day(value: object) -> object:
    """Read YYYY-MM-DD only: other spellings are read differently by different people."""
    if not isinstance(value, str):
        return value
    if not _ISO_DAY.fullmatch(value):
        raise ValueError(f"'{value}' is no date; write the year first, for example 2024-11-01")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ValueError(f"there is no such day as {value}; look at a calendar") from None


def _not_empty(value: object) -> object:
    if value == []:
        raise ValueError("the list is empty; add what belongs there")
    return value


FILLED = BeforeValidator(_not_empty)
Text = Annotated[str, BeforeValidator(_words)]
Slug = Annotated[
    str, _whole(re.compile(r"[a-z0-9]+(-[a-z0-9]+)*"), "use lower-case letters without marks, digits and hyphens")
]
ItemId = Annotated[str, _whole(re.compile(r"[^\s]+"), "write it without spaces, for example V.4-3")]
DutyId = Annotated[str, _whole(re.compile(r"[a-z]"), "use one letter: a, b, c")]
Address = Annotated[str, _whole(_ADDRESS, "write one plain address, without spaces or line breaks")]
PeriodCode = Annotated[str, _whole(_PERIOD, "use H1, H2, Q1 to Q4, M01 to M12, or leave it out for the whole year")]
SourceName = Annotated[str, _whole(_SOURCE, "name a .txt file that lies beside the plan")]
Day = Annotated[date, BeforeValidator(_existing_day)]


class Entry(BaseModel):
    """A mapping of a file. `line` is where it begins, for messages; it is no part of what the file says."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_by_name=True, validate_by_alias=True)

    line: int = Field(default=0, exclude=True, repr=False)


class Dated(Entry):
    """Something that holds from one day to another, both included; None is open."""

    valid_from: Day | None = Field(default=None, alias="from")
    valid_to: Day | None = Field(default=None, alias="to")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.valid_from and self.valid_to and self.valid_from > self.valid_to:
            raise ValueError(f"it ends ({self.valid_to}) before it begins ({self.valid_from}); swap or mend the dates")
        return self


class Years(Entry):
    """From one year to another, both included."""

    first: int = Field(alias="from", ge=2000, le=2100)
    last: int = Field(alias="to", ge=2000, le=2100)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.first > self.last:
            raise ValueError(f"the period ends ({self.last}) before it begins ({self.first}); swap the years")
        return self
