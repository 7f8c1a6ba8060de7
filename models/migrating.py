"""Bringing the schema up to date."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, text

from models.database import MIGRATIONS
from models.faults import DatabaseError


def migrate(engine: Engine, version: str = "head") -> None:
    """Bring the schema to a version, in one transaction."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with _migrating(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, version)


@contextmanager
def _migrating(engine: Engine) -> Iterator[Connection]:
    """Open the one transaction of an upgrade: a program that dies in it leaves the old version whole.

    SQLite changes a table by making it anew, and dropping one that others refer to is refused while it watches over
    references (https://www.sqlite.org/lang_altertable.html, 12 steps). So it looks at all of them at the end instead.
    """
    with engine.execution_options(dondoc_writes=True).connect() as connection:
        if engine.dialect.name != "sqlite":
            with connection.begin():
                yield connection
            return
        driver: Any = connection.connection.driver_connection
        driver.execute("PRAGMA foreign_keys = OFF")  # it has no effect within a transaction
        try:
            with connection.begin():
                yield connection
                if connection.execute(text("PRAGMA foreign_key_check")).first() is not None:
                    raise DatabaseError("the upgrade would lose rows: nothing was changed; keep the older program")
        finally:
            driver.execute("PRAGMA foreign_keys = ON")
