"""The tables themselves: an object for each of thousands of rows costs more than all that the database does."""

from sqlmodel import SQLModel

import models  # noqa: F401 - it makes them known

_TABLES = SQLModel.metadata.tables

ACCESS_LINK = _TABLES["accesslink"]
ASSIGNMENT = _TABLES["assignment"]
CYCLE = _TABLES["cycle"]
DEADLINE_VERSION = _TABLES["deadlineversion"]
MESSAGE = _TABLES["message"]
NOTICE = _TABLES["notice"]
RESPONSIBILITY = _TABLES["responsibility"]
UNIT = _TABLES["unit"]
