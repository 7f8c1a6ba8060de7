"""A SQLite database as one file: copied while others write, looked through, and put where none is."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from models.contents import Contents, contents_of
from models.faults import DatabaseError

#: What SQLite keeps beside a file in use; a stale one would be played into the restored database.
_BESIDE = ("-wal", "-shm", "-journal")


def take(engine: Engine, target: Path) -> Contents | None:
    """Copy the whole in one read transaction (https://www.sqlite.org/backup.html); writers go on meanwhile."""
    try:
        with closing(sqlite3.connect(_uri(engine), uri=True)) as source, closing(sqlite3.connect(target)) as copy:
            source.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")  # one file, with nothing beside it
    except sqlite3.Error as error:
        raise DatabaseError(f"the database cannot be copied: {error}") from None
    return look_through(target)


def _uri(engine: Engine) -> str:
    """Name the database so that opening it never makes one."""
    return f"{Path(engine.url.database or '').absolute().as_uri()}?mode=rw"


def look_through(copy: Path) -> Contents | None:
    """Read every page and every reference of a copy, and tell what it holds."""
    with _opened(copy) as connection:
        (found, *_) = connection.execute(text("PRAGMA integrity_check")).scalars()
        if found != "ok":
            raise DatabaseError(f"the copy of the database is damaged: {found}")
        if connection.execute(text("PRAGMA foreign_key_check")).first() is not None:
            raise DatabaseError("the copy of the database is damaged: rows refer to rows that are not there")
        return contents_of(connection)


@contextmanager
def _opened(copy: Path) -> Iterator[Connection]:
    engine = create_engine(URL.create("sqlite", database=str(copy)), poolclass=NullPool)
    try:
        with engine.connect() as connection:
            yield connection
    except SQLAlchemyError as error:
        raise DatabaseError(f"the copy of the database is damaged: {getattr(error, 'orig', error)}") from None


def put_back(engine: Engine, copy: Path, also: str) -> None:
    """Write `also` into the copy, and give it the database's name: it is there whole, or not at all."""
    database = Path(engine.url.database or "")
    engine.dispose()  # asking whether it is empty may have made a file
    for name in (f"{database}{ending}" for ending in _BESIDE):
        if Path(name).exists():
            raise DatabaseError(
                f"{name} is in the way: stop every program that uses the database (`systemctl stop dondoc`); if there "
                "is none, it is left from a lost database: move it away"
            )
    with closing(sqlite3.connect(copy)) as connection, connection:
        connection.execute(also)
    copy.chmod(0o600)
    copy.replace(database)
