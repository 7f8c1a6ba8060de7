"""Nhiệm vụ của đơn vị: everything by urgency, and one assignment with all that can be known and done about it."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import partial

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from sqlmodel import Session
from starlette.responses import Response

from models import Channel, Difficulty, StoredFile
from models.database import reading
from portal.acting import perform
from portal.answers import ANSWERS, Number, form_body
from portal.gate import UnitVisit
from portal.pages import see
from portal.unit_desk import Here, Refused, Sending, is_open, is_reportable, own_task, unit_page
from rules.moments import local_date
from rules.vocabulary import NoticeState
from services.acts import decides
from services.answers import acknowledge
from services.extensions import latest_day
from services.files import handed_in_files
from services.history import Act, Answered, Mailed, history
from services.reporting import earlier_report
from services.workbench import Task, difficulties_of, outlines_of, workbench

router = APIRouter(prefix="/don-vi", responses=ANSWERS, default_response_class=HTMLResponse)


class Time(StrEnum):
    """How an assignment stands to its deadline today."""

    LATE = "late"
    LAST_DAY = "last-day"
    NEAR = "near"
    AHEAD = "ahead"


#: Working days left from which the page warns: the second reminder of the usual ladder.
_NEAR = 5


@router.get("")
def show_workbench(visit: Here) -> Response:
    """Show everything that the unit has to do, the most urgent first."""
    with reading(visit.world.engine) as session:
        bench = workbench(session, visit.visitor, now=visit.now, calendar=visit.calendar, language=visit.language)
    return unit_page(visit, "unit/workbench.html", bench=bench, time_of=_clock(visit))


@router.post("/xac-nhan", openapi_extra=form_body())
def confirm(sent: Sending, visit: Here) -> Response:
    """Confirm that everything given has been received."""
    perform(visit, sent, lambda session: acknowledge(session, visit.visitor, desk=visit.desk, once=sent.once))
    return see("/don-vi?da=xac-nhan")


@router.get("/nhiem-vu/{identifier}")
def show_task(identifier: Number, visit: Here) -> Response:
    """Show one assignment: its clause, its deadline and why, what happened, and what can be done."""
    return task_page(visit, identifier)


def task_page(visit: UnitVisit, identifier: int, *, refused: Refused | None = None) -> Response:
    """Render one assignment; a form that was refused stands open on it, with what was typed."""
    with reading(visit.world.engine) as session:
        task = own_task(session, visit, identifier)
        facts = _gathered(session, visit, task)
    return unit_page(
        visit,
        "unit/task.html",
        task=task,
        facts=facts,
        refused=refused,
        time_of=_clock(visit),
    )


@dataclass(frozen=True, kw_only=True)
class Around:
    """What stands around an assignment on its page.

    `extendable`: the office that follows up decides about more time; `latest` is the last day that it can give.
    """

    open: bool
    reportable: bool
    extendable: bool
    latest: date | None
    outlines: list[StoredFile]
    files: list[StoredFile]
    entries: list[Mailed | Answered | Act]
    difficulties: list[Difficulty]
    typed_here: bool
    earlier: bool

    @property
    def reminders(self) -> list[Mailed]:
        return [entry for entry in self.entries if isinstance(entry, Mailed) and entry.state is NoticeState.SENT]

    @property
    def returned_with(self) -> str:
        """What the reviewer asked to be completed, as he last put it."""
        returns = [entry for entry in self.entries if isinstance(entry, Act) and entry.action == "return"]
        return str(returns[-1].detail.get("comment", "")) if returns else ""


def _gathered(session: Session, visit: UnitVisit, task: Task) -> Around:
    submission = task.submission
    return Around(
        open=is_open(session, task),
        reportable=is_reportable(visit, task),
        extendable=decides(session, task.assignment, visit.now),
        latest=latest_day(session, task.assignment, now=visit.now, calendar=visit.calendar),
        outlines=outlines_of(session, task),
        files=handed_in_files(session, submission.id) if submission and submission.id else [],
        entries=[entry for entry in history(session, task.assignment) if _has_happened(entry)],
        difficulties=difficulties_of(session, visit.visitor, assignment_id=task.identifier),
        typed_here=submission is not None and submission.channel is Channel.HANDED_IN,
        earlier=earlier_report(session, task.assignment) is not None,
    )


def _has_happened(entry: Mailed | Answered | Act) -> bool:
    """A reminder that still waits to be sent, or was overtaken before it was, is no news to its reader."""
    return not isinstance(entry, Mailed) or entry.state not in (NoticeState.OWED, NoticeState.SUPERSEDED)


def _clock(visit: UnitVisit) -> partial[Time | None]:
    return partial(time_of, today=local_date(visit.now))


def time_of(task: Task, today: date) -> Time | None:
    """Return how urgent it is; None where nothing is waited for or no deadline is set."""
    final = task.assignment.final
    if final is None or task.days is None:
        return None
    if final <= today:
        return Time.LATE if final < today else Time.LAST_DAY
    return Time.NEAR if task.days <= _NEAR else Time.AHEAD
