"""The tables themselves: an object for each of thousands of rows costs more than all that the database does."""

from collections.abc import Iterator, Mapping

from sqlalchemy import ColumnElement, Table, literal
from sqlmodel import SQLModel

import models  # noqa: F401 - it makes them known

_TABLES = SQLModel.metadata.tables

ACCESS_LINK = _TABLES["accesslink"]
ASSIGNMENT = _TABLES["assignment"]
CYCLE = _TABLES["cycle"]
DEADLINE_VERSION = _TABLES["deadlineversion"]
DUTY = _TABLES["duty"]
MESSAGE = _TABLES["message"]
MESSAGE_CONTENT = _TABLES["messagecontent"]
NOTICE = _TABLES["notice"]
OVERVIEW = _TABLES["overview"]
RESPONSIBILITY = _TABLES["responsibility"]
UNIT = _TABLES["unit"]


def constants(table: Table, values: Mapping[str, object]) -> Iterator[ColumnElement[object]]:
    """Yield values as constants of their columns' types: PostgreSQL must know the type of an empty one, too."""
    for name, value in values.items():
        yield literal(value, table.c[name].type)
