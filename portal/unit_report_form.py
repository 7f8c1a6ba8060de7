"""The report as a form: every field with its label, what was typed into it, and what is wrong with it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from documents.words import ACTIVITY_COLUMNS, FAULTS, MONEY_COLUMNS, MONEY_SOURCES, NARRATIVES, NESTED_IN
from portal import words
from portal.gate import Visit
from portal.pages import said
from rules.reports import (
    MOST_ACTIVITIES,
    Fault,
    activity_field,
    activity_rows,
    money_field,
    read_day,
)

#: Empty activities that stand ready: enough to go on typing, few enough to scroll over on a phone.
_EMPTY_ROWS, _LEAST_ROWS = 3, 5
_NUMBERS = ("sessions", "attendees", "poor", "articles", "cost")


class Kind(StrEnum):
    """How a field is typed."""

    AREA = "area"
    LINE = "line"
    NUMBER = "number"
    DAY = "day"
    CHOICE = "choice"


@dataclass(frozen=True, kw_only=True)
class Field:
    """One field; `fault` is the sentence that stands at it. A day that is none stays as it was typed."""

    name: str
    label: str
    kind: Kind
    value: str = ""
    fault: str = ""

    @property
    def is_day(self) -> bool:
        """Say whether a browser's own calendar can hold the value."""
        return self.kind is Kind.DAY and (not self.value or read_day(self.value) is not None)

    @property
    def shown(self) -> str:
        day = read_day(self.value) if self.kind is Kind.DAY else None
        return day.isoformat() if day else self.value


@dataclass(frozen=True, kw_only=True)
class Row:
    """One activity; `heading` sums up what is in it, `filled` says whether anything is."""

    number: int
    fields: tuple[Field, ...]
    heading: str
    filled: bool

    @property
    def faulty(self) -> bool:
        return any(field.fault for field in self.fields)


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """A line of the summary above the form: which field (or cell), and what is wrong."""

    anchor: str
    where: str
    text: str


@dataclass(frozen=True, kw_only=True)
class ReportForm:
    """Everything that the page shows of a report that is being written."""

    narratives: tuple[Field, ...]
    rows: tuple[Row, ...]
    money: tuple[tuple[str, tuple[Field, ...]], ...]
    nested: Field
    signed: tuple[Field, ...]
    by: tuple[Field, ...]
    mistakes: tuple[Mistake, ...]


def report_form(
    visit: Visit, fields: Mapping[str, str], faults: Iterable[Fault], *, cells: Mapping[str, str] | None = None
) -> ReportForm:
    """Return the form for what was typed; `cells` names the cells where a spreadsheet was read into it."""
    return _Maker(visit, fields, tuple(faults), cells or {}).form()


class _Maker:
    """One pass over what was typed."""

    def __init__(
        self, visit: Visit, fields: Mapping[str, str], faults: tuple[Fault, ...], cells: Mapping[str, str]
    ) -> None:
        self._visit, self._fields, self._all, self._cells = visit, fields, faults, cells
        self._faults = {fault.field: self._sentence(fault) for fault in reversed(faults)}

    def form(self) -> ReportForm:
        return ReportForm(
            narratives=tuple(self._field(str(one), Kind.AREA, label) for one, label in NARRATIVES.items()),
            rows=tuple(self._row(place, index) for place, index in enumerate(self._indexes(), start=1)),
            money=tuple((self._said(label), self._money(source)) for source, label in MONEY_SOURCES.items()),
            nested=self._field("nested_in", Kind.LINE, NESTED_IN),
            signed=(self._named("number", Kind.LINE), self._named("dated", Kind.DAY)),
            by=(self._named("reporter", Kind.LINE), self._named("position", Kind.LINE)),
            mistakes=tuple(self._mistake(fault) for fault in self._all),
        )

    def _indexes(self) -> list[int]:
        """Return which activities to show: the filled ones, and some empty ones behind them."""
        filled = activity_rows(self._fields)
        first = filled[-1] + 1 if filled else 0
        empty = max(_EMPTY_ROWS, _LEAST_ROWS - len(filled))
        return [*filled, *range(first, first + min(empty, max(0, MOST_ACTIVITIES - len(filled))))]

    def _row(self, place: int, index: int) -> Row:
        fields = tuple(
            self._field(activity_field(index, name), _kind_of(name), label) for name, label in ACTIVITY_COLUMNS.items()
        )
        known = {name: field.value for name, field in zip(ACTIVITY_COLUMNS, fields, strict=True)}
        heading = ", ".join(text for text in (known["topic"], known["place"]) if text)[:80]
        return Row(number=place, fields=fields, heading=heading, filled=index in activity_rows(self._fields))

    def _money(self, source: str) -> tuple[Field, ...]:
        return tuple(self._field(f"money-{source}-{name}", Kind.NUMBER, label) for name, label in MONEY_COLUMNS.items())

    def _named(self, name: str, kind: Kind) -> Field:
        return self._field(name, kind, words.FIELDS[name])

    def _field(self, name: str, kind: Kind, label: str) -> Field:
        return Field(
            name=name,
            label=self._said(label),
            kind=kind,
            value=self._fields.get(name, ""),
            fault=self._faults.get(name, ""),
        )

    def _mistake(self, fault: Fault) -> Mistake:
        return Mistake(
            anchor=fault.field, where=self._cells.get(fault.field) or self._where(fault.field),
            text=self._sentence(fault),
        )  # fmt: skip

    def _where(self, name: str) -> str:
        """Return the field's label with the row it stands in, as the page numbers them."""
        for place, index in enumerate(activity_rows(self._fields), start=1):
            for column, label in ACTIVITY_COLUMNS.items():
                if name == activity_field(index, column):
                    return f"{self._said('Hoạt động')} {place} – {self._said(label)}"
        for source, label in MONEY_SOURCES.items():
            for column, heading in MONEY_COLUMNS.items():
                if name == money_field(source, column):
                    return f"{self._said(label)} – {self._said(heading)}"
        return self._said(words.FIELDS.get(name, "Hoạt động"))

    def _sentence(self, fault: Fault) -> str:
        return self._said(FAULTS[fault.kind]).format(value=fault.value)

    def _said(self, text: str) -> str:
        return said(self._visit, text)


def _kind_of(column: str) -> Kind:
    if column in _NUMBERS:
        return Kind.NUMBER
    return {"form": Kind.CHOICE, "day": Kind.DAY}.get(column, Kind.LINE)
