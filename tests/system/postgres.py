"""A PostgreSQL of the test's own from Debian's programs: Prefect's migrations need pg_trgm, which PyPI's lacks."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from cli.prefect_server import HOST, free_port

_PATIENCE_SECONDS = 120


@contextmanager
def running_postgres(*databases: str) -> Iterator[list[str]]:
    """Run a server on a free port of the loopback interface, and yield the addresses of new databases in it."""
    port, folder = free_port(), Path(tempfile.mkdtemp(prefix="dondoc-pg-"))
    if os.geteuid() == 0:
        # It refuses to run as root.
        shutil.chown(folder, "postgres", "postgres")
    server = f"postgresql://dondoc@{HOST}:{port}"
    options = f"-c listen_addresses={HOST} -c port={port} -c fsync=off -k {folder}"
    try:
        _run("initdb", "--auth=trust", "--username=dondoc", "--encoding=UTF8", "--locale=C.UTF-8", folder / "data")
        _run("pg_ctl", "--pgdata", folder / "data", "--log", folder / "log", "--wait", "-o", options, "start")
        try:
            with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
                for database in databases:
                    connection.execute(f'CREATE DATABASE "{database}"')
            yield [f"{server}/{database}" for database in databases]
        finally:
            _run("pg_ctl", "--pgdata", folder / "data", "--wait", "--mode=immediate", "stop")
    finally:
        shutil.rmtree(folder)


def _run(program: str, *arguments: object) -> None:
    [*_, newest] = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    as_postgres = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
    argv = [*as_postgres, str(newest / program), *map(str, arguments)]
    # The server inherits what it prints to: a pipe would never end.
    subprocess.run(argv, check=True, cwd="/", stdout=subprocess.DEVNULL, timeout=_PATIENCE_SECONDS)
