"""Databases that fail at a moment told in advance, as the engine itself fails: full, or open to readers only."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, Pool, event, text

from models.database import make_engine

_NOBODY = 65534


@contextmanager
def full_disk(engine: Engine, when: str, condition: str = "TRUE") -> Iterator[None]:
    """Let what is written `when` ("INSERT ON notice") need more room than there is, where the condition holds.

    On SQLite the database may not grow any more, and the write is made larger than all its free pages; PostgreSQL says
    what it says on a full disk.
    """
    named = "ballast" if engine.dialect.name == "sqlite" else "no_room"
    for statement in _NEEDING_ROOM[engine.dialect.name].format(when=when, condition=condition).split("---"):
        with engine.execution_options(dondoc_writes=True).begin() as connection:
            connection.exec_driver_sql(statement)
    engine.dispose()  # the bound is each connection's own, also in a command's engine
    event.listen(Pool, "connect", _bound)
    try:
        yield
    finally:
        event.remove(Pool, "connect", _bound)
        engine.dispose()
        with engine.execution_options(dondoc_writes=True).begin() as connection:
            table = when.split(" ON ")[1]
            connection.execute(text(f"DROP TRIGGER {named}{'' if named == 'ballast' else f' ON {table}'}"))


_NEEDING_ROOM = {
    "sqlite": (
        "CREATE TABLE IF NOT EXISTS weights (weight BLOB)"
        "---CREATE TRIGGER ballast AFTER {when} WHEN {condition} "
        "BEGIN INSERT INTO weights VALUES (zeroblob(20000000)); END"
    ),
    "postgresql": (
        "CREATE OR REPLACE FUNCTION no_room() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION USING ERRCODE = '53100', "
        "MESSAGE = 'could not extend file: No space left on device'; END $$ LANGUAGE plpgsql"
        "---CREATE TRIGGER no_room AFTER {when} FOR EACH ROW WHEN ({condition}) EXECUTE FUNCTION no_room()"
    ),
}


def _bound(connection, _record) -> None:
    if hasattr(connection, "set_progress_handler"):  # SQLite
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages + 64}")


@contextmanager
def readers_only(engine: Engine, *, folder_too: bool = False) -> Iterator[Engine]:
    """Yield the same database where it cannot be written: for SQLite a copy that belongs to somebody else."""
    if engine.dialect.name == "postgresql":
        with _standby(engine):
            yield engine
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "dondoc.db"
        engine.dispose()  # whose last connection brings all into the one file
        copy.write_bytes(Path(engine.url.database or "").read_bytes())
        copy.chmod(0o444)
        Path(folder).chmod(0o555 if folder_too else 0o777)
        found = make_engine(f"sqlite:///{copy}")
        root = os.geteuid() == 0
        if root:
            os.seteuid(_NOBODY)  # rights bind everybody but root
        try:
            yield found
        finally:
            found.dispose()
            if root:
                os.seteuid(0)
            Path(folder).chmod(0o755)


@contextmanager
def _standby(engine: Engine) -> Iterator[None]:
    def say(value: str) -> None:
        with engine.connect() as connection:
            connection.execute(text("SET TRANSACTION READ WRITE"))
            connection.execute(text(f"ALTER DATABASE dondoc_test SET default_transaction_read_only = {value}"))
            connection.commit()
        engine.dispose()

    say("on")
    try:
        yield
    finally:
        say("off")
