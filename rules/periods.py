"""Periods of a year, and the days their figures cover: which report is this, and what must be counted in it.

A period is named by its year and, within it, a half (H1), a quarter (Q3) or a month (M07). The data window depends on
the regime and is independent of the deadline: a report can be due before its window closes ("ước thực hiện").
"""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from rules.errors import DondocError
from rules.vocabulary import PeriodKind

_MONTHS_OF_A_YEAR = 12
_MONTHS = {
    PeriodKind.YEAR: 12,
    PeriodKind.ONCE: 12,
    PeriodKind.HALF_YEAR: 6,
    PeriodKind.QUARTER: 3,
    PeriodKind.MONTH: 1,
}
_KINDS = {"H": PeriodKind.HALF_YEAR, "Q": PeriodKind.QUARTER, "M": PeriodKind.MONTH}
_CODE = re.compile(r"(H)([12])|(Q)([1-4])|(M)(0[1-9]|1[0-2])")
_ONE_DAY = timedelta(days=1)


class PeriodError(DondocError):
    """There is no such period."""


@dataclass(frozen=True, kw_only=True)
class Period:
    """One period of a year; `number` counts from 1 (quarter 3, month 7)."""

    kind: PeriodKind
    year: int
    number: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.number <= _how_many(self.kind):
            raise PeriodError(f"a year has no {self.kind} number {self.number}")

    @property
    def key(self) -> str:
        """The fixed spelling in storage: `2024`, `2024-H1`, `2024-Q3`, `2024-M07`."""
        letter = next((letter for letter, kind in _KINDS.items() if kind is self.kind), None)
        if letter is None:
            return str(self.year)
        return f"{self.year}-{letter}{self.number:02}" if letter == "M" else f"{self.year}-{letter}{self.number}"


class WindowRegime(StrEnum):
    """Who says which days a period's figures cover: NĐ 09/2019/NĐ-CP, Đ.12, or the calendar."""

    DECREE_09 = "nd-09-2019"
    CALENDAR = "calendar"


@dataclass(frozen=True, kw_only=True)
class DataWindow:
    """The days that a period's figures cover, both ends included."""

    start: date
    end: date


def period_from(year: int, code: str | None) -> Period:
    """Return the period that a cycle file names: H1, Q3, M07; nothing for the whole year."""
    if code is None:
        return Period(kind=PeriodKind.YEAR, year=year)
    found = _CODE.fullmatch(code)
    if found is None:
        raise PeriodError(f"'{code}' is no period; write H1, H2, Q1 to Q4, M01 to M12, or leave it out for the year")
    letter, number = (part for part in found.groups() if part)
    return Period(kind=_KINDS[letter], year=year, number=int(number))


def periods_of(kind: PeriodKind, year: int) -> tuple[Period, ...]:
    """Return the year's periods of this kind, in order."""
    return tuple(Period(kind=kind, year=year, number=number) for number in range(1, _how_many(kind) + 1))


def data_window(period: Period, regime: WindowRegime) -> DataWindow:
    """Return the days that the period's figures cover; under the decree they end on the 14th of its last month."""
    last_month = period.number * _MONTHS[period.kind]
    first_month = last_month - _MONTHS[period.kind] + 1
    if regime is WindowRegime.DECREE_09:
        return DataWindow(start=_day(period.year, first_month - 1, 15), end=_day(period.year, last_month, 14))
    return DataWindow(start=_day(period.year, first_month, 1), end=_day(period.year, last_month + 1, 1) - _ONE_DAY)


def _how_many(kind: PeriodKind) -> int:
    return _MONTHS_OF_A_YEAR // _MONTHS[kind]


def _day(year: int, month: int, day: int) -> date:
    """Return a day of the month counted from the year's January = 1: month 0 is the December before."""
    years, index = divmod(month - 1, _MONTHS_OF_A_YEAR)
    return date(year + years, index + 1, day)
