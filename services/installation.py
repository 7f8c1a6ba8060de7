"""What this database is (in earnest or a rehearsal), and what time it is here."""

from datetime import UTC, date, datetime, time

from sqlalchemy import Engine
from sqlmodel import Session

from models import Installation, Mode
from models.database import is_made, make_folder, reading, upgrade, writing
from rules.errors import DondocError
from rules.moments import local_date, moment_at

#: `--as-of DATE` means the morning of that day, when the mails go out.
MORNING = time(7, 30)


class ClockError(DondocError):
    """The date asked for is not possible here."""


class NoDatabaseError(DondocError):
    """There is no database yet: `dondoc plan load FILE` or `dondoc init` makes it."""


def make(engine: Engine, *, mode: Mode, now: datetime) -> Installation:
    """Make the database, or bring it to this version; the mode it was once made in stays."""
    make_folder(engine)
    upgrade(engine)
    with writing(engine) as session:
        found = session.get(Installation, 1)
        if found is None:
            found = Installation(mode=mode, made_at=now)
            session.add(found)
        return found


def require(engine: Engine) -> Installation:
    """Return what this database is, brought to this version; one that was never made is refused."""
    if not is_made(engine):
        raise NoDatabaseError
    upgrade(engine)
    with reading(engine) as session:
        return current(session)


def current(session: Session) -> Installation:
    found = session.get(Installation, 1)
    if found is None:
        raise NoDatabaseError
    return found


def set_clock(session: Session, moment: datetime) -> None:
    """Set the played time of a rehearsal."""
    installation = current(session)
    if installation.mode is not Mode.REHEARSAL:
        raise ClockError("only a rehearsal has a clock of its own")
    installation.clock = moment
    session.add(installation)


def moment(session: Session, *, as_of: date | None, real_now: datetime) -> datetime:
    """Return the time that counts: the one asked for, the played one of a rehearsal, or the real one.

    A date after the real today is refused unless the database was made as a rehearsal: mails about days that have not
    come would go to real people.
    """
    installation = current(session)
    if as_of is None:
        return installation.clock or real_now
    today = local_date(real_now)
    if installation.mode is Mode.EARNEST and as_of > today:
        raise ClockError(
            f"--as-of {as_of:%Y-%m-%d} lies after today ({today:%Y-%m-%d}): only a rehearsal may play the future "
            "(`dondoc init --rehearsal` on a database of its own)"
        )
    if installation.mode is Mode.EARNEST and as_of == today:
        return real_now
    return moment_at(as_of, MORNING).astimezone(UTC)
