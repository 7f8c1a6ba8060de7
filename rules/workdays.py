"""Which days do public offices work? Monday to Friday, but for holidays, compensation days and announced swaps.

Lunar and fixed holidays, their compensation days (Bộ luật Lao động, Đ.111 k.3) and most swaps come from the `holidays`
library; overrides, each with the document that orders it, come on top and win. Exact for the years EXACT_FROM to
EXACT_UNTIL. In any other year only lunar and fixed holidays and their compensation days are certain: every other
weekday, and every swap, is `provisional` ("dự kiến"), because the Government may decide otherwise or has not decided.
"""

import hashlib
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache

import holidays
from holidays.version import __version__ as library_version

#: The first and the last year whose every announced day off and make-up day has been checked.
EXACT_FROM = 2021
EXACT_UNTIL = 2026

_WEEKEND = {5: "thứ Bảy", 6: "Chủ nhật"}
_NEW_YEAR = "Tết Nguyên đán"
_NATIONAL_DAY = "Quốc khánh"
_COMPENSATION = " (nghỉ bù)"
#: How the library names a day off that is worked in on another day.
_SWAPPED = re.compile(r"Ngày nghỉ \(thay cho ngày (\d\d)/(\d\d)/(\d{4})\)")
#: Holidays that the law itself fixes by a lunar or solar date: the library's name, and ours. Of Tết these are giao thừa
#: and mùng 1–3, common to every choice the Government has (one day before and four after, or two and three).
_FIXED_BY_LAW = {
    "Tết Dương lịch": "Tết Dương lịch",
    "Giao thừa Tết Nguyên Đán": _NEW_YEAR,
    "Tết Nguyên Đán": _NEW_YEAR,
    "Mùng hai Tết Nguyên Đán": _NEW_YEAR,
    "Mùng ba Tết Nguyên Đán": _NEW_YEAR,
    "Ngày Giỗ Tổ Hùng Vương": "ngày Giỗ Tổ Hùng Vương",
    "Ngày Chiến thắng": "ngày Chiến thắng",
    "Ngày Quốc tế Lao động": "ngày Quốc tế lao động",
    _NATIONAL_DAY: _NATIONAL_DAY,
    "Ngày Văn hóa Việt Nam": "ngày Văn hóa Việt Nam",
}


@dataclass(frozen=True, kw_only=True)
class DayOverride:
    """One day as a document orders it: off or worked."""

    day: date
    working: bool
    basis: str


@dataclass(frozen=True, kw_only=True)
class Day:
    """One day as an office lives it. `reason` is Vietnamese, for people; it is empty on an ordinary working day."""

    day: date
    working: bool
    reason: str
    provisional: bool


class WorkingCalendar:
    """Counts working days; of several overrides of one day the last wins."""

    def __init__(self, overrides: Iterable[DayOverride] = ()) -> None:
        self._overrides = {override.day: override for override in overrides}
        self._years: dict[int, tuple[date, ...]] = {}
        self.digest = _digest(self._overrides)

    def day(self, d: date) -> Day:
        """Say whether `d` is worked, and why or why not."""
        override = self._overrides.get(d)
        if override is None:
            return _special_days(d.year).get(d) or _ordinary_day(d)
        verb = "làm việc" if override.working else "nghỉ"
        return Day(day=d, working=override.working, reason=f"{verb} theo {override.basis}", provisional=False)

    def is_working(self, d: date) -> bool:
        return self.on_or_after(d) == d

    def shift(self, d: date, n: int) -> date:
        """Return the n-th working day after `d`, or the |n|-th before it; `d` itself never counts.

        Zero is refused, since `d` may be a day off: say `on_or_before` or `on_or_after`.
        """
        if n == 0:
            raise ValueError("no working day is 0 working days away from a day off: use on_or_before or on_or_after")
        worked = self._worked(d.year)
        index = bisect_right(worked, d) + n - 1 if n > 0 else bisect_left(worked, d) + n
        return self._at(d.year, index)

    def on_or_before(self, d: date) -> date:
        return self._at(d.year, bisect_right(self._worked(d.year), d) - 1)

    def on_or_after(self, d: date) -> date:
        return self._at(d.year, bisect_left(self._worked(d.year), d))

    def count(self, start: date, end: date) -> int:
        """Return the number of working days in (start, end]; negative if `end` is the earlier day."""
        if end < start:
            return -self.count(end, start)
        full_years = sum(len(self._worked(year)) for year in range(start.year, end.year))
        return full_years + bisect_right(self._worked(end.year), end) - bisect_right(self._worked(start.year), start)

    def _at(self, year: int, index: int) -> date:
        """Return the working day at `index` of the year's; an index outside the year runs on into its neighbours."""
        while index < 0:
            year -= 1
            index += len(self._worked(year))
        while index >= len(self._worked(year)):
            index -= len(self._worked(year))
            year += 1
        return self._worked(year)[index]

    def _worked(self, year: int) -> tuple[date, ...]:
        """Return the year's working days in order, worked out once: a sweep asks for them 100,000 times."""
        if year not in self._years:
            self._years[year] = tuple(d for d in _days_of(year) if self.day(d).working)
        return self._years[year]


def _digest(overrides: Mapping[date, DayOverride]) -> str:
    """Return a hash that differs wherever two calendars may: another override, or another version of the library."""
    said = [f"{o.day} {o.working} {o.basis}" for _, o in sorted(overrides.items())]
    return hashlib.sha256("\n".join([library_version, *said]).encode()).hexdigest()[:16]


def _days_of(year: int) -> Iterator[date]:
    return (date.fromordinal(n) for n in range(date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal() + 1))


def _is_exact(year: int) -> bool:
    return EXACT_FROM <= year <= EXACT_UNTIL


def _ordinary_day(d: date) -> Day:
    weekend = _WEEKEND.get(d.weekday(), "")
    return Day(day=d, working=not weekend, reason=weekend, provisional=not weekend and not _is_exact(d.year))


@cache
def _special_days(year: int) -> Mapping[date, Day]:
    """Return the year's holidays and make-up days as the library knows them."""
    # A day can be worked in across New Year, so the neighbours' swaps are read too.
    known = holidays.country_holidays("VN", language="vi", years=(year - 1, year, year + 1))
    special = {}
    for d in sorted(known):
        names = known.get_list(d)
        special[d] = _day_off(d, names)
        for worked in _worked_in_on(names):
            special[worked] = _make_up_day(worked, instead_of=d)
    return {d: day for d, day in special.items() if d.year == year}


def _day_off(d: date, names: list[str]) -> Day:
    certain = _is_exact(d.year) or any(_is_certain(d, name) for name in names)
    reasons = dict.fromkeys(_reason(name) for name in names)
    return Day(day=d, working=False, reason="; ".join(reasons), provisional=not certain)


def _make_up_day(d: date, *, instead_of: date) -> Day:
    return Day(
        day=d, working=True, reason=f"làm bù cho ngày {_in_figures(instead_of)}", provisional=not _is_exact(d.year)
    )


def _is_certain(d: date, name: str) -> bool:
    """Whether the law fixes this day off. Of Quốc khánh's two days the Government chooses one, 1/9 or 3/9."""
    if name == _NATIONAL_DAY:
        return (d.month, d.day) == (9, 2)
    return name.removesuffix(_COMPENSATION) in _FIXED_BY_LAW


def _reason(name: str) -> str:
    """Return the library's name of a day off in administrative wording; an unknown one as it is."""
    for worked in _worked_in_on([name]):
        return f"hoán đổi ngày làm việc sang ngày {_in_figures(worked)}"
    holiday = name.removesuffix(_COMPENSATION)
    reason = _FIXED_BY_LAW.get(holiday, _NEW_YEAR if "Tết" in holiday else holiday)
    return f"nghỉ bù {reason}" if holiday != name else reason


def _worked_in_on(names: Iterable[str]) -> Iterator[date]:
    """Yield the make-up day of each name that tells of a swap."""
    for name in names:
        if swapped := _SWAPPED.fullmatch(name):
            day, month, year = map(int, swapped.groups())
            yield date(year, month, day)


def _in_figures(d: date) -> str:
    """Write a day as NĐ 30/2020/NĐ-CP does: a zero before days below 10 and the months 1 and 2."""
    return f"{d.day:02}/{d.month:02}/{d.year}" if d.month <= 2 else f"{d.day:02}/{d.month}/{d.year}"  # noqa: PLR2004
