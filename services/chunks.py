"""Long lists of ids, cut to what one statement takes."""

from collections.abc import Iterator, Sequence

#: Ids per IN list; SQLite allows 32,766 variables in a statement, PostgreSQL 65,535.
_CHUNK = 5_000


def chunks(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), _CHUNK):
        yield ids[start : start + _CHUNK]
