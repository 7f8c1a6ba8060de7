"""From a file to a validated plan: everything that is wrong with a file is said at once, each with line and mend."""

import unicodedata
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from plans.fields import Entry
from plans.located import Located, Place, parse_yaml, read_text
from plans.problems import FileError, Problem, did_you_mean
from plans.schema import CycleFile, PlanFile, UnitsFile

File = TypeVar("File", PlanFile, UnitsFile, CycleFile)

# By these keys an entry is known to its author.
_NAMES = ("id", "slug", "duty", "item")
# What Pydantic calls an error, and how the author of a file mends it. `{input}` is what the file says.
_MENDS = {
    "missing": "the key '{key}' is missing; add it",
    "enum": "'{input}' is not known here; write one of: {expected}",
    "int_parsing": "'{input}' is no whole number; write digits",
    "bool_parsing": "'{input}' is neither true nor false; write one of them",
    "time_parsing": "'{input}' is no time of day; write for example \"16:00\"",
    "time_type": 'this is no time of day; write for example "16:00"',
    "string_type": "a text is expected here; write it on one line or in quotes",
    "tuple_type": "a list is expected here; write each entry on a line that begins with '- ', or [a, b]",
    "model_type": "keys with values are expected here; write lines such as 'key: value'",
    "greater_than_equal": "'{input}' is too small; it is at least {ge}",
    "less_than_equal": "'{input}' is too large; it is at most {le}",
    "value_error": "{error}",
}


def read_plan(path: Path) -> PlanFile:
    """Return the plan of `plan.yaml`, or raise one FileError with all that is wrong."""
    return _read(path, PlanFile, _plan_problems)


def read_units(path: Path) -> UnitsFile:
    """Return the units and groups of `units.yaml`, or raise one FileError with all that is wrong."""
    return _read(path, UnitsFile, _units_problems)


def read_cycle(path: Path) -> CycleFile:
    """Return the deadlines of `cycles/YEAR.yaml`, or raise one FileError with all that is wrong."""
    return _read(path, CycleFile, _cycle_problems)


def read_cycle_text(text: str) -> CycleFile:
    """Return the deadlines of a cycle file whose text was typed into a form; line 1 is the first of the text."""
    return _parsed(Path("cycle file"), unicodedata.normalize("NFC", text), CycleFile, _cycle_problems)


def _read(path: Path, model: type[File], consistency: Callable[[File], Iterable[Problem]]) -> File:
    return _parsed(path, read_text(path), model, consistency)


def _parsed(path: Path, text: str, model: type[File], consistency: Callable[[File], Iterable[Problem]]) -> File:
    located = parse_yaml(path, text)
    problems = list(located.problems)
    try:
        value = model.model_validate(located.values)
    except ValidationError as error:
        problems += [_problem(detail, model, located) for detail in error.errors()]
        raise FileError(path, problems) from None
    problems += consistency(value)
    if problems:
        raise FileError(path, problems)
    return value


# --- what one entry says --------------------------------------------------------------------------------------------


def _problem(detail: ErrorDetails, model: type[Entry], located: Located) -> Problem:
    place = tuple(detail["loc"])
    return Problem(line=located.line(place), clause=_clause(place, located.values), what=_what(detail, model))


def _what(detail: ErrorDetails, model: type[Entry]) -> str:
    place = tuple(detail["loc"])
    if detail["type"] == "extra_forbidden":
        known = _keys(model, place[:-1])
        mend = did_you_mean(str(place[-1]), known, otherwise=f"the keys known here are {', '.join(known)}")
        return f"unknown key '{place[-1]}'; {mend}"
    if detail["type"] not in _MENDS:
        return detail["msg"]
    said = {"key": place[-1] if place else "", "input": detail["input"], **detail.get("ctx", {})}
    return _MENDS[detail["type"]].format(**said)


def _clause(place: Place, values: Any) -> str:
    """Return the name of the entry around a place: V.4-3, V.4-3.a, a unit's slug, or the key at the top."""
    names = []
    for part in place:
        if isinstance(values, list) and isinstance(part, int):
            values = values[part]
            if isinstance(values, dict):
                names += [values[key] for key in _NAMES if isinstance(values.get(key), str)][:1]
        else:
            values = values.get(part) if isinstance(values, dict) else None
    return ".".join(names) or str(place[0] if place else "")


def _keys(model: type[Entry], place: Place) -> list[str]:
    """Return the keys of the mapping at a place of the model."""
    for part in place:
        if isinstance(part, str):
            fields = {field.alias or name: field for name, field in model.model_fields.items()}
            model = _entry_type(fields[part].annotation)
    return [field.alias or name for name, field in model.model_fields.items() if name != "line"]


def _entry_type(annotation: Any) -> type[Entry]:
    """Return the entry inside an annotation such as tuple[Duty, ...]."""
    if isinstance(annotation, type) and issubclass(annotation, Entry):
        return annotation
    return next(_entry_type(part) for part in get_args(annotation) if part is not Ellipsis)


# --- what entries say of each other ---------------------------------------------------------------------------------


def _plan_problems(plan: PlanFile) -> Iterator[Problem]:
    clauses = [(r.id, r.line) for r in plan.responsibilities] + [(n.item, n.line) for n in plan.not_duties]
    yield from _twice("clause", clauses)
    yield from _twice("duty", [(key, duty.line) for key, _, duty in plan.duties()])


def _units_problems(units: UnitsFile) -> Iterator[Problem]:
    slugs = [(one.slug, one.line) for one in units.units] + [(one.slug, one.line) for one in units.groups]
    yield from _twice("slug", slugs)
    for group in units.groups:
        named = [("unit", member.unit, member.line) for member in group.members if member.unit]
        named += [("unit", suggestion.unit, suggestion.line) for suggestion in group.suggestions if suggestion.unit]
        named += [("group", member.group, member.line) for member in group.members if member.group]
        for kind, slug, line in named:
            known = units.unit_slugs if kind == "unit" else units.group_slugs
            if slug not in known:
                mend = did_you_mean(slug, sorted(known), otherwise=f"add it to this file's {kind}s")
                yield Problem(line=line, clause=group.slug, what=f"unknown {kind} '{slug}'; {mend}")
    yield from _circles(units)


def _circles(units: UnitsFile) -> Iterator[Problem]:
    inside = {group.slug: [member.group for member in group.members if member.group] for group in units.groups}
    told: set[str] = set()
    for group in units.groups:
        way = _way_back(group.slug, inside, (group.slug,))
        if way and not told.intersection(way):
            what = f"the group contains itself ({' > '.join(way)}); take one of them out"
            yield Problem(line=group.line, clause=group.slug, what=what)
            told.update(way)


def _way_back(goal: str, inside: dict[str, list[str]], way: tuple[str, ...]) -> tuple[str, ...]:
    """Return the way on which a group is reached from within itself, or nothing."""
    for slug in inside.get(way[-1], []):
        if slug == goal:
            return (*way, slug)
        found = () if slug in way else _way_back(goal, inside, (*way, slug))
        if found:
            return found
    return ()


def _cycle_problems(cycle: CycleFile) -> Iterator[Problem]:
    """Two dates for one duty, period and recipient cannot both hold; a date without recipient is for all of them."""
    for index, deadline in enumerate(cycle.deadlines):
        for other in cycle.deadlines[:index]:
            same = (deadline.duty, deadline.period) == (other.duty, other.period)
            if same and (deadline.recipient == other.recipient or None in (deadline.recipient, other.recipient)):
                what = f"this duty already has a deadline on line {other.line}; keep one of them"
                yield Problem(line=deadline.line, clause=deadline.duty, what=what)
                break


def _twice(kind: str, named: Iterable[tuple[str, int]]) -> Iterator[Problem]:
    """Yield a problem for every name but its first."""
    first: dict[str, int] = {}
    for name, line in named:
        if name in first:
            what = f"the {kind} '{name}' stands twice (first on line {first[name]}); keep one of them"
            yield Problem(line=line, clause=name, what=what)
        first.setdefault(name, line)
