"""Which days did a document move? The shipped list of days off and make-up days, and an office's own on top of it."""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from plans.located import Located, read_yaml
from plans.problems import FileError, Problem, did_you_mean
from rules.workdays import DayOverride, WorkingCalendar

#: The swaps that the `holidays` library does not know.
SHIPPED = Path(__file__).with_name("working_calendar.yaml")

_KEYS = ("day", "working", "basis")
_ANSWERS = {"true": True, "false": False}
_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def load_calendar(own: Path | None) -> WorkingCalendar:
    """Return the working calendar: shipped days, then those of the office's own file, which win day by day."""
    return WorkingCalendar([*read_overrides(SHIPPED), *(read_overrides(own) if own else ())])


def read_overrides(path: Path) -> tuple[DayOverride, ...]:
    """Return the days of a file in its order, or raise one FileError with all that is wrong, a line each."""
    located = read_yaml(path)
    entries = located.values if located.values is not None else []
    if not isinstance(entries, list):
        raise FileError(path, [Problem(line=1, what="write a list of days, each beginning with '- day: YYYY-MM-DD'")])
    problems = [*located.problems, *_problems(entries, located)]
    if problems:
        raise FileError(path, problems)
    return tuple(
        DayOverride(
            day=date.fromisoformat(entry["day"]),
            working=_ANSWERS[entry["working"]],
            basis=" ".join(entry["basis"].split()),
        )
        for entry in entries
    )


def _problems(entries: list[Any], located: Located) -> Iterator[Problem]:
    first_lines: dict[str, int] = {}
    for index, entry in enumerate(entries):
        line = located.line((index,))
        if not isinstance(entry, dict):
            yield Problem(line=line, what="this is no entry; write the keys day, working and basis")
            continue
        for key, what in _wrong(entry):
            yield Problem(line=located.line((index, key)), what=what)
        day = str(entry.get("day"))
        if day in first_lines:
            yield Problem(line=line, what=f"{day} stands here twice (first on line {first_lines[day]}); keep one")
        first_lines.setdefault(day, line)


def _wrong(entry: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (key, what is wrong with it) for one entry."""
    for key in entry.keys() - {*_KEYS, "line"}:
        yield key, f"unknown key '{key}'; {did_you_mean(key, _KEYS, otherwise='leave it out')}"
    for key, check in (("day", _wrong_day), ("working", _wrong_answer), ("basis", _wrong_basis)):
        what = check(entry[key]) if key in entry else f"'{key}' is missing; an entry has the keys {', '.join(_KEYS)}"
        if what:
            yield key, what


def _wrong_day(value: object) -> str:
    if not isinstance(value, str) or not _ISO_DAY.fullmatch(value):
        return f"'{value}' is no date; write the year first, for example 2026-01-02"
    try:
        date.fromisoformat(value)
    except ValueError:
        return f"there is no such day as {value}; look at a calendar"
    return ""


def _wrong_answer(value: object) -> str:
    return (
        "" if value in ("true", "false") else f"'{value}' says neither yes nor no; write true (worked) or false (off)"
    )


def _wrong_basis(value: object) -> str:
    named = isinstance(value, str) and value.strip()
    return "" if named else "the basis is empty; name the document that orders this day, with its number and date"
