"""Databases of the first version, made by its own migration, with rows in them."""

from datetime import UTC, date, datetime, time

import pytest
from sqlalchemy import JSON, Engine, MetaData, insert

from models.contents import contents_of
from models.database import make_engine
from models.migrating import migrate

MADE = datetime(2024, 1, 2, 1, 0, tzinfo=UTC)
_VALUES = {
    int: 1,
    str: "x",
    bytes: b"x",
    bool: True,
    dict: {},
    datetime: MADE,
    date: MADE.date(),
    time: MADE.time(),
}


@pytest.fixture
def old(storage):
    """Yield an empty database of the first version."""
    storage.make("dondoc_old")
    engine = make_engine(storage.url("dondoc_old"))
    migrate(engine, "0001")
    yield engine
    engine.dispose()
    storage.drop("dondoc_old")


def fill(engine: Engine) -> dict[str, int]:
    """Write one row into every table, each referring to the rows of the others; return how many rows each has."""
    tables = MetaData()
    tables.reflect(engine)
    with engine.execution_options(dondoc_writes=True).begin() as connection:
        for table in tables.sorted_tables:
            if table.name != "alembic_version":
                given = [column for column in table.columns if column.name != "id"]
                connection.execute(insert(table).values({column.name: _value(column) for column in given}))
    return rows_of(engine)


def _value(column):
    if column.foreign_keys:
        return 1
    if column.name == "mode":
        return "earnest"
    return _VALUES[dict if isinstance(column.type, JSON) else column.type.python_type]


def rows_of(engine: Engine) -> dict[str, int]:
    with engine.connect() as connection:
        found = contents_of(connection)
    assert found is not None
    return found.rows
