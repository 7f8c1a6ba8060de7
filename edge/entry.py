"""Where a run meets the world: settings, database, calendar and clock, read once per task."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache

from sqlalchemy import Engine

from models.database import make_engine, reading
from plans.calendar_file import load_calendar
from rules.moments import local_date
from rules.workdays import WorkingCalendar
from services.installation import moment, require
from settings import Settings


@dataclass(frozen=True, kw_only=True)
class Edge:
    """The world as one task finds it."""

    settings: Settings
    engine: Engine
    calendar: WorkingCalendar
    now: datetime

    @property
    def today(self) -> date:
        return local_date(self.now)


def enter(as_of: date | None) -> Edge:
    """Read settings and clock; refuse a database that was never made and a date that is not possible."""
    settings = Settings.read()
    engine = ready_engine(settings.database)
    with reading(engine) as session:
        now = moment(session, as_of=as_of, real_now=datetime.now(UTC))
    return Edge(settings=settings, engine=engine, calendar=load_calendar(settings.calendar_file), now=now)


@lru_cache
def ready_engine(url: str) -> Engine:
    """Open a database once per process: the check of its version reads all migrations."""
    engine = make_engine(url)
    require(engine)
    return engine


def day_of(as_of: date | None) -> date:
    """Return the day that counts, for the name of a run."""
    return enter(as_of).today
