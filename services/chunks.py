"""Long lists of ids, cut to what one statement takes."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from sqlmodel import Session, SQLModel, col, select

Row = TypeVar("Row", bound=SQLModel)

#: Ids per IN list; SQLite allows 32,766 variables in a statement, PostgreSQL 65,535.
_CHUNK = 5_000


def chunks(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), _CHUNK):
        yield ids[start : start + _CHUNK]


def by_id(session: Session, table: type[Row], ids: Iterable[int]) -> dict[int, Row]:
    """Return these rows by their id, each read once however many other rows refer to it."""
    number = col(table.id)  # type: ignore[attr-defined]
    found: dict[int, Row] = {}
    for part in chunks(sorted(set(ids))):
        found.update({row.id: row for row in session.exec(select(table).where(number.in_(part)))})  # type: ignore[attr-defined]
    return found
