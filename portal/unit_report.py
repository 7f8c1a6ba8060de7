"""Báo cáo: written on a phone, kept at any step, handed in. Whatever is wrong is named, whatever was typed is kept."""

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from sqlmodel import Session
from starlette.datastructures import UploadFile
from starlette.responses import Response

from documents.uploads import LARGEST
from models import StoredFile, Submission
from models.database import reading, writing
from portal.acting import perform
from portal.answers import ANSWERS, Number, form_body
from portal.gate import Sent, UnitVisit
from portal.pages import see
from portal.refusals import dead_link
from portal.unit_desk import (
    Here,
    LateHere,
    Sending,
    is_open,
    is_reportable,
    own_task,
    refused_form,
    task_path,
    unit_page,
)
from portal.unit_report_form import report_form
from rules.errors import DondocError
from rules.reports import Fault, is_report_field
from services.answers import own, require_waiting
from services.files import files_of, handed_in_files, keep_file
from services.journal import done_already
from services.links import DeadLinkError, LinkEnd
from services.reporting import HAND_IN_FIELDS, Written, earlier_report, hand_in, save_draft, start_from_earlier, written
from services.workbench import Task, outlines_of

router = APIRouter(prefix="/don-vi/nhiem-vu/{identifier}", responses=ANSWERS, default_response_class=HTMLResponse)


@router.get("/bao-cao")
def show_report(identifier: Number, visit: Here) -> Response:
    """Show the report as far as it is written."""
    return report_page(visit, identifier)


@router.post("/bao-cao", openapi_extra=form_body("action", "results", "reporter", "position", "number", "dated"))
def send_report(identifier: Number, sent: Sending, visit: LateHere) -> Response:
    """Keep what was typed, and then: nothing more, another row, the words of the last report, or hand in."""
    if visit.visitor.late:
        return kept_late(visit, identifier, sent)
    keep_typed(visit, identifier, sent)
    refusal = attach(visit, identifier, sent)
    if refusal:
        return report_page(visit, identifier, status=422, file_fault=refusal)
    match sent.text("action", 20):
        case "hand-in":
            return _handed_in(visit, identifier, sent)
        case "start":
            with writing(visit.world.engine) as session:
                start_from_earlier(session, visit.visitor, identifier, now=visit.now)
            return see(task_path(identifier, "/bao-cao?da=bat-dau"))
        case "more":
            return see(task_path(identifier, "/bao-cao?da=luu#hoat-dong"))
        case _:
            return see(task_path(identifier, "/bao-cao?da=luu"))


def _handed_in(visit: UnitVisit, identifier: int, sent: Sent) -> Response:
    faults = perform(
        visit,
        sent,
        lambda session: hand_in(session, visit.visitor, identifier, sent.fields(), desk=visit.desk, once=sent.once),
    )
    if faults:
        return report_page(visit, identifier, status=422, faults=faults)
    return see(task_path(identifier, "?da=bao-cao"))


def keep_typed(visit: UnitVisit, identifier: int, sent: Sent) -> None:
    """Keep a form's report fields as the draft; a form that has none leaves the draft as it is.

    A form that was handed in already, and comes a second time, changes nothing.
    """
    fields = sent.fields()
    if not any(is_report_field(name) or name in HAND_IN_FIELDS for name in fields):
        return

    def act(session: Session) -> None:
        if done_already(session, sent.once):
            return
        require_waiting(own(session, visit.visitor, identifier))
        save_draft(session, visit.visitor, identifier, fields, now=visit.now)

    perform(visit, sent, act)


def kept_late(visit: UnitVisit, identifier: int, sent: Sent) -> Response:
    """The link has just ended: the draft is kept all the same, and a fresh link offered by mail."""
    keep_typed(visit, identifier, sent)
    return dead_link(visit, DeadLinkError(LinkEnd.EXPIRED, visit.visitor.contact), saved=True)


def attach(visit: UnitVisit, identifier: int, sent: Sent) -> str:
    """Attach the file that came with the form, if one did; returns what stands against it, or ""."""
    upload = sent.form.get("file")
    if not isinstance(upload, UploadFile) or not upload.filename:
        return ""
    content = upload.file.read(LARGEST + 1)
    try:
        with writing(visit.world.engine) as session:
            assignment = own(session, visit.visitor, identifier)
            require_waiting(assignment)
            keep_file(
                session, visit.world.files_folder, content=content, name=upload.filename, actor=visit.visitor.actor,
                now=visit.now, assignment_id=assignment.id,
            )  # fmt: skip
    except DondocError as refusal:
        return refused_form(visit, refusal, sent, "tep").text
    return ""


@dataclass(frozen=True, kw_only=True)
class Paper:
    """What lies on the desk while a report is written."""

    draft: Written
    files: list[StoredFile]
    sent_before: list[StoredFile]
    outlines: list[StoredFile]
    earlier: Submission | None


def report_page(
    visit: UnitVisit,
    identifier: int,
    *,
    status: int = 200,
    faults: tuple[Fault, ...] | None = None,
    cells: Mapping[str, str] | None = None,
    file_fault: str = "",
    sheet_fault: str = "",
) -> Response:
    """Render the report; `faults` are those that stood against handing in, else those of the draft as it is."""
    with reading(visit.world.engine) as session:
        task = own_task(session, visit, identifier)
        if not (is_open(session, task) and is_reportable(visit, task)):
            return see(task_path(identifier))
        paper = _paper(session, task)
    fields = {"position": visit.visitor.contact.title} | paper.draft.fields
    return unit_page(
        visit,
        "unit/report.html",
        status=status,
        task=task,
        paper=paper,
        form=report_form(visit, fields, paper.draft.reading.faults if faults is None else faults, cells=cells),
        file_fault=file_fault,
        sheet_fault=sheet_fault,
        handing_in=faults is not None,
    )


def _paper(session: Session, task: Task) -> Paper:
    before = task.submission.id if task.submission else None
    return Paper(
        draft=written(session, task.assignment),
        files=files_of(session, assignment_id=task.identifier),
        sent_before=handed_in_files(session, before) if before else [],
        outlines=outlines_of(session, task),
        earlier=earlier_report(session, task.assignment),
    )
