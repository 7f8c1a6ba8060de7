"""What the pages stand on: settings read once, the database, the calendar, the clock, and who is told to send mails."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from sqlalchemy import Engine

from models.database import reading
from plans.calendar_file import load_calendar
from portal.rates import Rates
from rules.workdays import WorkingCalendar
from services.installation import moment
from services.letters import Letterhead
from services.notes import Desk


def _nobody() -> None:
    """Without a postman the mails wait for the next scheduled delivery."""


@dataclass(frozen=True, kw_only=True)
class World:
    """`wake` asks the postman to send immediate mails now; `public_url` is the only origin that forms may come from."""

    engine: Engine
    letterhead: Letterhead
    files_folder: Path
    public_url: str
    simulated: bool
    calendar_file: Path | None = None
    rates: Rates = field(default_factory=Rates)
    wake: Callable[[], None] = _nobody

    def now(self) -> datetime:
        """Return the time that counts here: the played one of a rehearsal, or the real one."""
        if not self.simulated:
            return datetime.now(UTC)
        with reading(self.engine) as session:
            return moment(session, as_of=None, real_now=datetime.now(UTC))

    def calendar(self) -> WorkingCalendar:
        """Return the working calendar; an edited override file counts from the next page on."""
        path = self.calendar_file
        return _calendar(path, path.stat().st_mtime_ns if path is not None and path.exists() else 0)

    def desk(self, now: datetime) -> Desk:
        return Desk(letterhead=self.letterhead, now=now)

    @property
    def secure(self) -> bool:
        return self.public_url.startswith("https://")


@lru_cache(maxsize=4)
def _calendar(path: Path | None, _changed: int) -> WorkingCalendar:
    return load_calendar(path)
