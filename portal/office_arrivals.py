"""Ghi nhận văn bản đến: documents that came by the document system, several units at once, all or none."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated

from fastapi import Query
from sqlmodel import Session
from starlette.responses import Response

from models import Assignment
from models.database import reading
from portal.acting import NoDateError, perform
from portal.answers import form_body
from portal.gate import Sent, StaffVisit
from portal.office_desk import Receiving, Sending, mended, office_page, office_router, office_task
from portal.pages import said, see
from rules.errors import DondocError
from rules.moments import local_date
from rules.reports import read_day
from services.acts import Document
from services.answers import EmptyError
from services.awaiting import OwedReport, owed_like, owed_reports
from services.journal import done_already
from services.reviewing import Arrival, of_office, receive
from services.workbench import Task

router = office_router()

_NO_NUMBER = "Chưa ghi số, ký hiệu văn bản."
_NO_DAY = "Ngày chưa đúng; đề nghị ghi ngày/tháng/năm, ví dụ 14/11/2024."
_TO_COME = "Ngày sau ngày hiện tại; đề nghị kiểm tra lại."
_CAME = "Văn bản của đơn vị này đã được ghi nhận trước đó; không ghi nhận lại."
_LONGEST_NUMBER = 100
_NUMBER = "number-"
_DONE = "/phong/van-ban-den?da=van-ban"


@dataclass(frozen=True, kw_only=True)
class _Row:
    """One unit's row as it stands on the page; `fault` says what is wrong with it."""

    task: Task
    number: str
    dated: str
    arrived_on: str
    fault: str = ""

    @property
    def filled(self) -> bool:
        return bool(self.number or self.dated)


@router.get("/van-ban-den")
def arrivals(
    visit: Receiving,
    example: Annotated[int, Query(alias="bao-cao", ge=0, le=2**31 - 1)] = 0,
    number: Annotated[int, Query(alias="trang", ge=1, le=10_000)] = 1,
) -> Response:
    """Choose a report, then a row for each unit that has not sent it."""
    return _show(visit, example, number, None)


@router.post("/van-ban-den", openapi_extra=form_body("report", "page", "number-1", "dated-1", "arrived_on-1"))
def record_arrivals(sent: Sending, visit: Receiving) -> Response:
    """Record every row that has a number, all of them or none."""
    example, number = _whole(sent.text("report", 12)), max(1, _whole(sent.text("page", 12)))
    with reading(visit.world.engine) as session:
        if done_already(session, sent.once):
            return see(_DONE)
    if not example:
        return _show(visit, example, number, sent, said_of_all=mended(visit, EmptyError()))
    rows = _rows(visit, example, number, sent)[0]
    filled = [row for row in rows if row.filled]
    if any(row.fault for row in filled):
        return _show(visit, example, number, sent)
    try:
        perform(
            visit,
            sent,
            lambda session: receive(
                session, visit.visitor, [_arrival(row) for row in filled], desk=visit.desk, once=sent.once
            ),
        )
    except DondocError as refusal:
        return _show(visit, example, number, sent, said_of_all=mended(visit, refusal))
    return see(_DONE)


def _show(visit: StaffVisit, example: int, number: int, sent: Sent | None, *, said_of_all: str = "") -> Response:
    with reading(visit.world.engine) as session:
        reports = owed_reports(session, visit.plan_ids)
        choice = _choice(session, reports, example)
    rows, pages = _rows(visit, example, number, sent) if example else ([], 1)
    faults = [row for row in rows if row.fault]
    return office_page(
        visit,
        "arrivals",
        status=422 if sent is not None else 200,
        reports=reports,
        example=example,
        choice=choice,
        rows=rows,
        number=min(number, pages),
        pages=pages,
        faults=faults,
        said_of_all=said_of_all,
    )


def _choice(session: Session, reports: Sequence[OwedReport], example: int) -> int:
    """Return which of the reports this assignment belongs to, by the list's own example; 0 where none is owed."""
    mine = session.get(Assignment, example)
    same = (
        one.example
        for one in reports
        if mine and _report_of(session.get_one(Assignment, one.example)) == _report_of(mine)
    )
    return next(same, 0)


def _report_of(assignment: Assignment) -> tuple[int, str, str, str]:
    return assignment.cycle_id, assignment.duty_key, assignment.recipient, assignment.period


def _rows(visit: StaffVisit, example: int, number: int, sent: Sent | None) -> tuple[list[_Row], int]:
    with reading(visit.world.engine) as session:
        assignment = of_office(session, visit.visitor, example)
        tasks, pages = owed_like(session, assignment, page=number, now=visit.now, calendar=visit.calendar)
        if sent is not None:
            tasks += _typed_too(session, visit, tasks, sent)
    today = local_date(visit.now)
    return [_row(visit, task, today, sent) for task in tasks], pages


def _typed_too(session: Session, visit: StaffVisit, tasks: Sequence[Task], sent: Sent) -> list[Task]:
    """Return what was typed for units whose report has come meanwhile: nothing typed is dropped in silence."""
    shown = {task.identifier for task in tasks}
    names = [name for name, value in sent.fields().items() if name.startswith(_NUMBER) and value]
    typed = {_whole(name.removeprefix(_NUMBER)) for name in names}
    return [office_task(session, visit, identifier) for identifier in sorted(typed - shown)]


def _row(visit: StaffVisit, task: Task, today: date, sent: Sent | None) -> _Row:
    if sent is None:
        return _Row(task=task, number="", dated="", arrived_on=today.isoformat())
    values = {
        name: sent.text(f"{name}-{task.identifier}", _LONGEST_NUMBER) for name in ("number", "dated", "arrived_on")
    }
    row = _Row(task=task, **values)
    fault = _fault(row, today) if row.filled else ""
    return _Row(task=task, **values, fault=said(visit, fault) if fault else "")


def _fault(row: _Row, today: date) -> str:
    if not row.task.waiting:
        return _CAME
    if not row.number:
        return _NO_NUMBER
    dated, arrived = read_day(row.dated) if row.dated else None, read_day(row.arrived_on)
    if arrived is None or (row.dated and dated is None):
        return _NO_DAY
    return _TO_COME if arrived > today or (dated is not None and dated > today) else ""


def _arrival(row: _Row) -> Arrival:
    arrived = read_day(row.arrived_on)
    if arrived is None:
        raise NoDateError
    document = Document(number=row.number, dated=read_day(row.dated), arrived_on=arrived)
    return Arrival(assignment_id=row.task.identifier, document=document)


def _whole(text: str) -> int:
    """Return a row's number that a hidden field holds; whatever else was put there finds nothing."""
    return min(int(text), 2**31 - 1) if text.isascii() and text.isdigit() else 0
