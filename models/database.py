"""Where the facts live: engines, transactions, the schema's version, and the lock of the one sender.

SQLite is a file of its own in WAL mode; writers begin with BEGIN IMMEDIATE, because a deferred transaction that reads
and then writes fails under concurrency however long it waits. PostgreSQL takes the same migrations.
"""

import atexit
import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from errno import ENOSPC
from functools import cache
from pathlib import Path
from typing import Any
from weakref import WeakSet

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import ExceptionContext, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlmodel import Session

from models.faults import DatabaseError, Fault, fault_of, unavailable

#: Any fixed number: the name of the sender's advisory lock within our own PostgreSQL database.
_DELIVERY_LOCK = 0x646F6E646F63
# A host whose power fails says no goodbye: PostgreSQL must find out in a minute, and not after the two hours that are
# usual, for it holds that host's locks until then, the sender's among them.
_FIND_DEAD_HOSTS = (
    "-c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3 -c tcp_user_timeout=60000"
)
MIGRATIONS = Path(__file__).parent / "migrations"
_opened: WeakSet[Engine] = WeakSet()


def make_engine(url: str) -> Engine:
    """Return an engine for a SQLite or PostgreSQL address; nothing is opened yet."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        # Not shown: it can hold a password, wherever it was written.
        raise DatabaseError(
            "DONDOC_DATABASE_URL is no database address; write sqlite:////path/file.db or postgresql://user@host/name"
        ) from None
    if parsed.get_backend_name() == "sqlite":
        engine = create_engine(parsed, connect_args={"timeout": 30}, hide_parameters=True)
        _opened.add(engine)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        event.listen(engine, "handle_error", _say_fault)
        return engine
    if parsed.get_backend_name() == "postgresql":
        engine = create_engine(
            parsed.set(drivername="postgresql+psycopg"),
            connect_args={"options": f"{parsed.query.get('options', '')} {_FIND_DEAD_HOSTS}"},
            pool_pre_ping=True,
            hide_parameters=True,
        )
        event.listen(engine, "handle_error", _say_fault)
        return engine
    raise DatabaseError(f"DONDOC_DATABASE_URL: dondoc works on sqlite and postgresql, not on {parsed.drivername}")


@atexit.register
def _close() -> None:
    """Close SQLite's files: the last who does puts the log back into the database, so that one file is the whole."""
    for engine in list(_opened):
        engine.dispose()


def make_folder(engine: Engine) -> None:
    """Make the folder of a SQLite file, for its owner alone: mails and links in it are nobody else's."""
    if engine.dialect.name != "sqlite":
        return
    folder = Path(engine.url.database or ".").parent
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseError(f"the folder of the database, {folder}, cannot be made: {error.strerror}") from None


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves, below
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("dondoc_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _say_fault(context: ExceptionContext) -> Exception | None:
    """Turn a fault of the database into one clear sentence, wherever it is met; a ping only asks who is there."""
    fault = None if context.is_pre_ping else fault_of(context.original_exception)
    return unavailable(fault, context.original_exception) if fault else None


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """Open a session that only reads; whatever it changes is rolled back."""
    with Session(engine, expire_on_commit=False) as session:
        yield session


@contextmanager
def writing(engine: Engine) -> Iterator[Session]:
    """Open one transaction that writes: committed whole at the end, or not at all."""
    with Session(engine.execution_options(dondoc_writes=True), expire_on_commit=False) as session, session.begin():
        yield session


def upgrade(engine: Engine) -> None:
    """Bring the schema to this program's version; a database of a newer version is refused untouched."""
    found = version_of(engine)
    if found is not None and not knows(found):
        raise DatabaseError(
            f"the database is of a newer version ({found}) than this program; install the newer dondoc, "
            "or point DONDOC_DATABASE_URL at another database"
        )
    if found != _versions()[-1]:
        # Alembic takes longer to import than most commands run, and few have anything to migrate.
        from models.migrating import migrate  # noqa: PLC0415

        migrate(engine)


def is_empty(engine: Engine) -> bool:
    """Say whether nothing at all is there: no file, or not one table; a file that is missing is not made."""
    return _is_missing(engine) or not inspect(engine).get_table_names()


def is_made(engine: Engine) -> bool:
    """Say whether the schema is there at all; a file that is missing is not made."""
    return not _is_missing(engine) and version_of(engine) is not None


def _is_missing(engine: Engine) -> bool:
    """Say whether a SQLite file is not there; one in a folder that may not be entered is refused."""
    if engine.dialect.name != "sqlite":
        return False
    try:
        Path(engine.url.database or "").stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError as error:
        raise unavailable(Fault.CLOSED, error.strerror) from None
    return False


def is_current(engine: Engine) -> bool:
    """Say whether the schema is of this program's version; nothing is changed."""
    return version_of(engine) == _versions()[-1]


def version_of(engine: Engine) -> str | None:
    """Return the schema's version, or None where there is none."""
    try:
        with engine.connect() as connection:
            return version_on(connection)
    except SQLAlchemyError as error:
        raise DatabaseError(f"the database cannot be opened: {_short(error)}") from None


def version_on(connection: Connection) -> str | None:
    """Return the version that Alembic wrote down; every command asks, so it is read without importing Alembic."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def knows(version: str) -> bool:
    """Say whether this program has such tables, or could bring them up to date."""
    return version in _versions()


@cache
def _versions() -> tuple[str, ...]:
    """Return the versions of the tables, the newest last: the migrations' files are named by them."""
    return tuple(sorted(file.name.partition("_")[0] for file in (MIGRATIONS / "versions").glob("[0-9]*.py")))


def _short(error: SQLAlchemyError) -> str:
    """Return the driver's own first line: SQLAlchemy's text would show the statement and its values."""
    return str(getattr(error, "orig", error)).splitlines()[0]


@contextmanager
def delivery_lock(engine: Engine) -> Iterator[bool]:
    """Hold the lock of the one sender, or yield False when another process holds it.

    Both kinds are given back by the system when the holder dies, so a killed sender never blocks the next one.
    """
    if engine.dialect.name == "postgresql":
        # Outside any transaction: many servers end a session that leaves one open for long.
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            held = bool(connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": _DELIVERY_LOCK}))
            try:
                yield held
            finally:
                if held:
                    connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _DELIVERY_LOCK})
        return
    try:
        file = Path(f"{engine.url.database}.sending").open("w")  # noqa: SIM115 - closed below
    except OSError as error:
        raise unavailable(Fault.FULL if error.errno == ENOSPC else Fault.READ_ONLY, error.strerror) from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
