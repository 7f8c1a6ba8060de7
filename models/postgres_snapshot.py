"""A PostgreSQL database as one file: by PostgreSQL's own programs, which must be there and not older than the server.

The password goes to them in the environment, where only the same user can read it, and never into a message.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import Engine, func, select, table, text

from models.contents import Contents, contents_of
from models.faults import DatabaseError

#: Of what psycopg connects with: what is secret, and what only psycopg knows.
_UNSAID = ("password", "sslpassword", "context")


class ProgramError(DatabaseError):
    """One of PostgreSQL's programs is missing, too old, or failed."""


def take(engine: Engine, target: Path) -> Contents | None:
    """Dump and count within one snapshot of the database; writers go on meanwhile."""
    isolated = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    with isolated.connect() as connection:
        snapshot = connection.scalar(text("SELECT pg_export_snapshot()"))
        server = int(connection.scalar(text("SHOW server_version_num")) or 0) // 10_000
        _require_not_older(server)
        contents = contents_of(connection)
        _run(
            "pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}", f"--file={target}",
            to=engine,
        )  # fmt: skip
    return contents


def look_through(copy: Path, tables: Iterable[str]) -> None:
    """Ask pg_restore what the copy holds: the data of every table must be there."""
    listed = _run("pg_restore", "--list", str(copy))
    held = set(re.findall(r" TABLE DATA \S+ (\S+) ", listed))
    lacking = sorted(set(tables) - held)
    if lacking:
        raise DatabaseError(f"the copy of the database is damaged: it lacks {', '.join(lacking)}")


def put_back(engine: Engine, copy: Path, also: str, rows: dict[str, int]) -> None:
    """Restore, count and write `also` in one transaction: everything is there, or nothing."""
    script = copy.with_name("script.sql")
    _run("pg_restore", "--no-owner", "--no-privileges", f"--file={script}", str(copy))
    with script.open("a") as file:
        file.write("\nRESET search_path;\nSET timezone TO 'UTC';\n")
        file.writelines(_must_count(engine, name, count) for name, count in rows.items())
        file.write(f"{also};\n")
    _run(
        "psql", "--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", f"--file={script}", to=engine
    )


def _must_count(engine: Engine, name: str, count: int) -> str:
    """Return a statement that fails unless the table has that many rows."""
    found = select(func.count()).select_from(table(name)).compile(dialect=engine.dialect)
    return f"DO $$ BEGIN ASSERT ({found}) = {count}, 'rows are missing'; END $$;\n"


def _require_not_older(server: int) -> None:
    said = _run("pg_dump", "--version")
    found = re.search(r"\) (\d+)", said)
    if found is None or int(found[1]) < server:
        raise ProgramError(
            f"pg_dump is too old ({said.strip()}) for the server's version {server}: install PostgreSQL's client "
            f"programs of version {server} or newer (Debian: postgresql-client-{server})"
        )


def _run(name: str, *words: str, to: Engine | None = None) -> str:
    """Run one of the programs, connected `to` a database; return what it printed."""
    connection: list[str] = []
    environment = os.environ.copy()
    if to is not None:
        from psycopg.conninfo import make_conninfo  # noqa: PLC0415 - every command would pay for psycopg's import

        (_, options) = to.dialect.create_connect_args(to.url)
        open_words = {key: value for key, value in options.items() if key not in _UNSAID}
        connection = ["--no-password", f"--dbname={make_conninfo('', **open_words)}"]
        environment |= {"PGPASSWORD": options["password"]} if options.get("password") else {}
    program = shutil.which(name)
    if program is None:
        raise ProgramError(
            f"{name} is not installed (or not on the PATH): install PostgreSQL's client programs, of the server's "
            "version or newer (Debian: postgresql-client)"
        )
    done = subprocess.run(  # noqa: S603 - our own words, and an address that the administrator set
        [program, *words, *connection], env=environment, check=False, capture_output=True, text=True
    )
    if done.returncode:
        raise ProgramError(f"{name} failed: {next(iter(done.stderr.splitlines()), 'it did not say why')}")
    return done.stdout
