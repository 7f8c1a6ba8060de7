"""How a form becomes an act: one transaction, done once, and the postman is told."""

from collections.abc import Callable
from datetime import date
from typing import TypeVar

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from models.database import writing
from models.faults import DatabaseUnavailableError
from portal.gate import Sent, Visit
from rules.errors import DondocError
from rules.moments import local_date
from rules.reports import read_day
from services.answers import EmptyError
from services.journal import done_already

Answer = TypeVar("Answer")
#: A day in any other year is a slip of the finger, and calendars do not reach there.
_YEARS = range(2000, 2100)


class NoDateError(DondocError):
    """What was typed is no day of the calendar."""


class FutureDateError(DondocError):
    """A signed document cannot be dated after today."""


def perform(visit: Visit, sent: Sent, act: Callable[[Session], Answer]) -> Answer:
    """Do an act in one transaction; of one form sent twice at the same moment the later is answered like the first."""
    try:
        with writing(visit.world.engine) as session:
            answer = act(session)
    except DatabaseUnavailableError:
        raise  # asked again it would only keep the visitor waiting for twice as long
    except (IntegrityError, DondocError):
        with writing(visit.world.engine) as session:
            if not done_already(session, sent.once):
                raise
            answer = act(session)
    visit.world.wake()
    return answer


def day_of(sent: Sent, name: str) -> date:
    """Return a day that must be given, as a browser sends it or as people write it."""
    typed = sent.text(name, 40)
    if not typed:
        raise EmptyError
    found = read_day(typed)
    if found is None or found.year not in _YEARS:
        raise NoDateError
    return found


def signed_day_of(visit: Visit, sent: Sent, name: str) -> date:
    """Return the day of a signed document: one that has come."""
    found = day_of(sent, name)
    if found > local_date(visit.now):
        raise FutureDateError
    return found
