"""The five figures, each against something measured beside it in the same run."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine, delete, func
from sqlmodel import SQLModel, select

from bench.made_up import CLAUSES, COMMUNES, OPENED, fresh_engine, load
from models import Assignment, DeadlineVersion
from models.database import reading, writing
from rules.workdays import WorkingCalendar
from services.cycles import open_cycle
from services.follow_up import follow_up

#: 3,334 communes with 15 duties in one clause: 50,010 open assignments.
_SWEPT_COMMUNES, _SWEPT_DUTIES = 3_334, 15
_QUIET_DAY = datetime(2024, 3, 1, 0, 5, tzinfo=UTC)
_REPEATS = 3


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One line of the table; `bound` is the largest allowed `value`, or with `at_least` the smallest."""

    name: str
    value: float
    bound: float
    unit: str
    compared_with: str
    at_least: bool = False

    @property
    def holds(self) -> bool:
        return self.value >= self.bound if self.at_least else self.value <= self.bound


def opening() -> list[Measure]:
    """Open a year of the whole country, against the same rows given to the driver's own executemany."""
    with tempfile.TemporaryDirectory() as folder:
        engine = fresh_engine(Path(folder))
        file = load(engine, communes=COMMUNES, clauses=CLAUSES)
        calendar = WorkingCalendar()

        def open_year() -> None:
            with writing(engine) as session:
                open_cycle(session, file, "bench", now=OPENED, calendar=calendar, actor="bench", apply=True)

        opened = seconds(open_year)
        bare = _bare_insert(engine, (Assignment, DeadlineVersion))
    return [
        Measure(
            name=f"open a year of {COMMUNES:,} communes × {CLAUSES} clauses",
            value=opened / bare,
            bound=3,
            unit="×",
            compared_with=f"sqlite3 executemany of the same rows ({opened:.2f} s against {bare:.2f} s)",
        )
    ]


def _bare_insert(engine: Engine, tables: tuple[type[SQLModel], ...]) -> float:
    """Return the seconds that sqlite3 itself needs to insert the rows that these tables hold, in one transaction."""
    kept = []
    with engine.connect() as connection:
        for table in tables:
            names = SQLModel.metadata.tables[str(table.__tablename__)].columns.keys()
            columns = ", ".join(f'"{name}"' for name in names)
            rows = connection.exec_driver_sql(f"SELECT {columns} FROM {table.__tablename__}").fetchall()  # noqa: S608
            marks = ", ".join("?" for _ in names)
            kept.append(
                (f"INSERT INTO {table.__tablename__} ({columns}) VALUES ({marks})", [tuple(row) for row in rows])  # noqa: S608
            )
    with writing(engine) as session:
        for table in reversed(tables):
            session.execute(delete(table))
    raw = engine.raw_connection()

    def insert() -> None:
        cursor = raw.cursor()
        cursor.execute("BEGIN IMMEDIATE")
        for statement, rows in kept:
            cursor.executemany(statement, rows)
        cursor.execute("COMMIT")

    taken = seconds(insert)
    raw.close()
    return taken


def quiet_sweep() -> list[Measure]:
    """Sweep 50,000 open assignments on a day on which nothing is owed."""
    with tempfile.TemporaryDirectory() as folder:
        engine = fresh_engine(Path(folder))
        file = load(engine, communes=_SWEPT_COMMUNES, clauses=1, duties=_SWEPT_DUTIES)
        calendar = WorkingCalendar()
        with writing(engine) as session:
            open_cycle(session, file, "bench", now=OPENED, calendar=calendar, actor="bench", apply=True)
        follow_up(engine, plan="bench", clause="V.1", now=OPENED, calendar=calendar)
        taken = min(
            seconds(lambda: follow_up(engine, plan="bench", clause="V.1", now=_QUIET_DAY, calendar=calendar))
            for _ in range(_REPEATS)
        )
        with reading(engine) as session:
            count = session.exec(select(func.count()).select_from(Assignment)).one()
    return [
        Measure(
            name=f"sweep over {count:,} open assignments, nothing owed",
            value=taken,
            bound=1,
            unit="s",
            compared_with="the clock",
        )
    ]


def demo_year() -> list[Measure]:
    """Play the demo's year as a user does, as a whole process."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "cli", "demo", "--headless", "--json", "--folder", f"{folder}/demo"]
        taken = seconds(lambda: subprocess.run(command, check=True, capture_output=True))  # noqa: S603
    return [Measure(name="the demo's year", value=taken, bound=120, unit="s", compared_with="the clock")]


def seconds(run: Callable[[], object]) -> float:
    """Return how long it took."""
    began = time.perf_counter()
    run()
    return time.perf_counter() - began
