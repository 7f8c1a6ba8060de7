"""What does a unit report, and is what it typed possible? The fields of a report, read from text with faults by field.

A report arrives as flat text fields (`results`, `activities-0-attendees`, `money-other-spent`), the same from the page
and from the spreadsheet form: whatever was typed is kept, whatever cannot be is named. Money is in whole đồng.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from rules.periods import Period, WindowRegime, data_window, period_from

#: More rows than a commune fills in a year; a page or a sheet with more is a mistake or an attack.
MOST_ACTIVITIES = 200
LONGEST_TEXT = 20_000  # characters of one narrative section
LONGEST_LINE = 500  # characters of a place, a topic, a number
#: No figure of a commune's year comes near: a larger one is a slip of the finger.
LARGEST_NUMBER = 10**12


class ActivityForm(StrEnum):
    """The forms of communication of TT 06/2022/TT-BTTTT, Đ.15; the list may go on, hence `other`."""

    PRESS = "press"
    PRODUCT = "product"
    MEETING = "meeting"
    TALK = "talk"
    EMULATION = "emulation"
    CONTEST = "contest"
    OTHER = "other"


class MoneySource(StrEnum):
    """Where the money comes from: the plan's Section IV."""

    SUBPROJECT = "subproject"
    OTHER = "other"


class Narrative(StrEnum):
    """The sections of a yearly report, in their order (DOMAIN, "The form of documents")."""

    LEADERSHIP = "leadership"
    RESULTS = "results"
    STRENGTHS = "strengths"
    LIMITS = "limits"
    NEXT_STEPS = "next_steps"
    DIFFICULTIES = "difficulties"
    PROPOSALS = "proposals"


@dataclass(frozen=True, kw_only=True)
class Activity:
    """One activity. `poor`: those of the attendees who are of poor or near-poor households; `cost` in đồng."""

    form: ActivityForm
    day: date | None = None
    place: str = ""
    topic: str = ""
    sessions: int | None = None
    attendees: int | None = None
    poor: int | None = None
    articles: int | None = None
    cost: int | None = None
    evidence: str = ""


@dataclass(frozen=True, kw_only=True)
class Money:
    """Planned and spent, in đồng; None where nothing was entered, which is not nought."""

    source: MoneySource
    planned: int | None = None
    spent: int | None = None


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a unit reports. `nested_in`: the report that contains this one ("Lồng ghép trong Báo cáo số …")."""

    narrative: Mapping[Narrative, str]
    activities: tuple[Activity, ...] = ()
    money: tuple[Money, ...] = ()
    nested_in: str = ""


class FaultKind(StrEnum):
    """What is wrong with one field."""

    MISSING = "missing"
    NOT_A_NUMBER = "not-a-number"
    NEGATIVE = "negative"
    TOO_LARGE = "too-large"
    NOT_A_DATE = "not-a-date"
    OUTSIDE_PERIOD = "outside-period"
    UNKNOWN_FORM = "unknown-form"
    MORE_THAN_ALL = "more-than-all"
    TOO_LONG = "too-long"
    TOO_MANY = "too-many"


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One field that cannot stand as it was typed; `value` is what was typed, cut short."""

    field: str
    kind: FaultKind
    value: str = ""


@dataclass(frozen=True, kw_only=True)
class Window:
    """The days an activity of this report can lie in, both included."""

    first: date
    last: date


@dataclass(frozen=True, kw_only=True)
class Reading:
    """The report as far as it could be read, and every fault."""

    report: Report
    faults: tuple[Fault, ...]


ACTIVITY_FIELDS = ("form", "day", "place", "topic", "sessions", "attendees", "poor", "articles", "cost", "evidence")
_NUMBERS = ("sessions", "attendees", "poor", "articles", "cost")
MONEY_FIELDS = ("planned", "spent")
_ACTIVITY = re.compile(r"activities-(\d{1,4})-([a-z]+)")
#: 1200, 1.200, 1 200: Vietnamese groups thousands by dots.
_NUMBER = re.compile(r"-?(?:\d+|\d{1,3}(?:[. ]\d{3})+)")
_DAY = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})")


def window_of(year: int, period: str) -> Window:
    """Return the days that a report on `period` (`2024`, `2024-Q3`) can speak of.

    Two regimes of data windows are in use (NĐ 09/2019/NĐ-CP, Đ.12, and the calendar): a day of either is possible.
    """
    code = period.partition("-")[2] or None
    span: Period = period_from(year, code)
    windows = [data_window(span, regime) for regime in WindowRegime]
    return Window(first=min(w.start for w in windows), last=max(w.end for w in windows))


def activity_field(index: int, name: str) -> str:
    return f"activities-{index}-{name}"


def money_field(source: MoneySource, name: str) -> str:
    return f"money-{source}-{name}"


def is_report_field(name: str) -> bool:
    """Say whether a field of a form belongs to a report; everything else is not kept."""
    found = _ACTIVITY.fullmatch(name)
    if found is not None:
        return found[2] in ACTIVITY_FIELDS
    money = {money_field(source, part) for source in MoneySource for part in MONEY_FIELDS}
    return name in {*Narrative, "nested_in"} or name in money


def activity_rows(raw: Mapping[str, str]) -> list[int]:
    """Return the indexes of the activities in which anything was typed; a chosen form alone is an empty row."""
    filled = {
        int(found[1])
        for name, value in raw.items()
        if value.strip() and (found := _ACTIVITY.fullmatch(name)) and found[2] in ACTIVITY_FIELDS and found[2] != "form"
    }
    return sorted(filled)


def read_report(raw: Mapping[str, str], *, window: Window) -> Reading:
    """Read what was typed; every field that cannot stand is named, and the rest is read all the same."""
    reader = _Reader(raw=raw, window=window, faults=[])
    rows = activity_rows(raw)
    if len(rows) > MOST_ACTIVITIES:
        reader.fault("activities", FaultKind.TOO_MANY)
        rows = rows[:MOST_ACTIVITIES]
    report = Report(
        narrative={section: reader.text(section, LONGEST_TEXT) for section in Narrative},
        activities=tuple(reader.activity(index) for index in rows),
        money=tuple(reader.money(source) for source in MoneySource),
        nested_in=reader.text("nested_in", LONGEST_LINE),
    )
    return Reading(report=report, faults=tuple(reader.faults))


def require_content(reading: Reading, *, otherwise: bool = False) -> tuple[Fault, ...]:
    """Return the faults that stand against handing in: those of the fields, and a report that says nothing.

    The results are what everybody waits for; a report that is contained in another needs only that one's name. What is
    no report (a plan) can say all of it `otherwise`: by its file, or by the number of the signed document.
    """
    if otherwise or reading.report.nested_in or reading.report.narrative[Narrative.RESULTS]:
        return reading.faults
    return (*reading.faults, Fault(field=Narrative.RESULTS, kind=FaultKind.MISSING))


@dataclass(kw_only=True)
class _Reader:
    """One pass over what was typed."""

    raw: Mapping[str, str]
    window: Window
    faults: list[Fault]

    def fault(self, field: str, kind: FaultKind) -> None:
        self.faults.append(Fault(field=field, kind=kind, value=self.raw.get(field, "").strip()[:40]))

    def text(self, field: str, longest: int) -> str:
        value = self.raw.get(field, "").replace("\r\n", "\n").strip()
        if len(value) > longest:
            self.fault(field, FaultKind.TOO_LONG)
        return value[:longest]

    def activity(self, index: int) -> Activity:
        numbers = {name: self.number(activity_field(index, name)) for name in _NUMBERS}
        attendees, poor = numbers["attendees"], numbers["poor"]
        if poor is not None and attendees is not None and poor > attendees:
            self.fault(activity_field(index, "poor"), FaultKind.MORE_THAN_ALL)
        return Activity(
            form=self.form(activity_field(index, "form")),
            day=self.day(activity_field(index, "day")),
            place=self.text(activity_field(index, "place"), LONGEST_LINE),
            topic=self.text(activity_field(index, "topic"), LONGEST_LINE),
            sessions=numbers["sessions"],
            attendees=attendees,
            poor=poor,
            articles=numbers["articles"],
            cost=numbers["cost"],
            evidence=self.text(activity_field(index, "evidence"), LONGEST_LINE),
        )

    def form(self, field: str) -> ActivityForm:
        value = self.raw.get(field, "").strip()
        if not value:
            return ActivityForm.OTHER
        try:
            return ActivityForm(value)
        except ValueError:
            self.fault(field, FaultKind.UNKNOWN_FORM)
            return ActivityForm.OTHER

    def money(self, source: MoneySource) -> Money:
        planned, spent = (self.number(money_field(source, name)) for name in MONEY_FIELDS)
        return Money(source=source, planned=planned, spent=spent)

    def number(self, field: str) -> int | None:
        value = self.raw.get(field, "").strip().replace("\u00a0", " ")
        if not value:
            return None
        if not value.isascii() or not _NUMBER.fullmatch(value):
            self.fault(field, FaultKind.NOT_A_NUMBER)
            return None
        found = int(re.sub(r"[. ]", "", value))
        if found < 0 or found > LARGEST_NUMBER:
            self.fault(field, FaultKind.NEGATIVE if found < 0 else FaultKind.TOO_LARGE)
            return None
        return found

    def day(self, field: str) -> date | None:
        value = self.raw.get(field, "").strip()
        if not value:
            return None
        found = read_day(value)
        if found is None:
            self.fault(field, FaultKind.NOT_A_DATE)
            return None
        if not self.window.first <= found <= self.window.last:
            self.fault(field, FaultKind.OUTSIDE_PERIOD)
        return found


def read_day(text: str) -> date | None:
    """Read 14/11/2024 (as people write it) or 2024-11-14 (as a browser sends it); None when there is no such day."""
    try:
        found = _DAY.fullmatch(text.strip())
        if found is not None:
            day, month, year = (int(part) for part in found.groups())
            return date(year, month, day)
        return date.fromisoformat(text.strip())
    except ValueError:
        return None


def fields_of(report: Report) -> Iterator[tuple[str, str]]:
    """Yield the report as text fields again, numbers plain and days as a browser takes them."""
    yield from ((str(section), text) for section, text in report.narrative.items() if text)
    for index, activity in enumerate(report.activities):
        for name in ACTIVITY_FIELDS:
            value = getattr(activity, name)
            if value not in (None, ""):
                yield activity_field(index, name), str(value)
    for money in report.money:
        for name in MONEY_FIELDS:
            amount = getattr(money, name)
            if amount is not None:
                yield money_field(money.source, name), str(amount)
    if report.nested_in:
        yield "nested_in", report.nested_in
