"""Files of a unit: the Excel form down and up, the Word draft, evidence, outlines. Served as downloads only."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from starlette.datastructures import UploadFile
from starlette.responses import Response

from documents.report_form import LARGEST_FORM
from models.database import reading, writing
from portal.answers import ANSWERS, Number, form_body
from portal.downloads import download
from portal.gate import Sent
from portal.pages import see
from portal.unit_desk import Here, LateHere, Sending, own_task, refused_form, task_path
from portal.unit_report import attach, keep_typed, kept_late, report_page
from rules.errors import DondocError
from services.answers import EmptyError, own, require_waiting
from services.files import NoSuchFileError, file_for_unit, read_file, remove_file
from services.reporting import form_file, take_form, word_draft, written

router = APIRouter(prefix="/don-vi", responses=ANSWERS, default_response_class=HTMLResponse)
_TASK = "/nhiem-vu/{identifier}"


@router.get(_TASK + "/bieu-mau.xlsx", response_class=Response)
def excel_form(identifier: Number, visit: Here) -> Response:
    """Hand out the Excel form, filled with what the draft holds."""
    with reading(visit.world.engine) as session:
        task = own_task(session, visit, identifier)
        content = form_file(session, task.assignment)
    return download(content, f"Biểu số liệu - {task.title} - {task.assignment.unit_name}.xlsx")


@router.post(_TASK + "/bieu-mau", openapi_extra=form_body(file="file"))
def read_excel(identifier: Number, sent: Sending, visit: Here) -> Response:
    """Read a filled Excel form into the draft; what cannot stand is named by its cell."""
    try:
        content = _uploaded(sent)
        with writing(visit.world.engine) as session:
            require_waiting(own(session, visit.visitor, identifier))
            draft, cells = take_form(session, visit.visitor, identifier, content, now=visit.now)
    except DondocError as refusal:
        text = refused_form(visit, refusal, sent, "bieu-mau").text
        return report_page(visit, identifier, status=422, sheet_fault=text)
    if draft.reading.faults:
        return report_page(visit, identifier, status=422, faults=draft.reading.faults, cells=cells)
    return see(task_path(identifier, "/bao-cao?da=bieu-mau"))


def _uploaded(sent: Sent) -> bytes:
    upload = sent.form.get("file")
    if not isinstance(upload, UploadFile) or not upload.filename:
        raise EmptyError
    return upload.file.read(LARGEST_FORM + 1)


@router.get(_TASK + "/bao-cao.docx", response_class=Response)
def word_report(identifier: Number, visit: Here) -> Response:
    """Hand out the report as a Word draft to be signed: what is being written, or what was handed in last."""
    with reading(visit.world.engine) as session:
        task = own_task(session, visit, identifier)
        typed = task.submission.fields if task.submission and not task.waiting else None
        if typed is not None and not typed:
            raise NoSuchFileError
        fields = written(session, task.assignment).fields if typed is None else typed
        content = word_draft(session, task.assignment, fields)
    return download(content, f"Dự thảo - {task.title} - {task.assignment.unit_name}.docx")


@router.post(_TASK + "/tep", openapi_extra=form_body(file="file"))
def attach_file(identifier: Number, sent: Sending, visit: LateHere) -> Response:
    """Attach one file to the report that is being written, and keep what was typed beside it."""
    if visit.visitor.late:
        return kept_late(visit, identifier, sent)
    keep_typed(visit, identifier, sent)
    upload = sent.form.get("file")
    if not isinstance(upload, UploadFile) or not upload.filename:
        text = refused_form(visit, EmptyError(), sent, "tep").text
        return report_page(visit, identifier, status=422, file_fault=text)
    refusal = attach(visit, identifier, sent)
    if refusal:
        return report_page(visit, identifier, status=422, file_fault=refusal)
    return see(task_path(identifier, "/bao-cao?da=tep#tep"))


@router.post(_TASK + "/tep/{file_id}/bo", openapi_extra=form_body())
def drop_file(identifier: Number, file_id: Number, sent: Sending, visit: LateHere) -> Response:
    """Take a file out of the report that is being written, and keep what was typed beside it."""
    if visit.visitor.late:
        return kept_late(visit, identifier, sent)
    keep_typed(visit, identifier, sent)

    with writing(visit.world.engine) as session:
        assignment = own(session, visit.visitor, identifier)
        require_waiting(assignment)
        file = file_for_unit(session, visit.visitor.unit.id or 0, file_id)
        if file.assignment_id != assignment.id or file.submission_id is not None:
            raise NoSuchFileError
        remove_file(session, file, actor=visit.visitor.actor, now=visit.now)
    return see(task_path(identifier, "/bao-cao?da=bo-tep#tep"))


@router.get("/tep/{file_id}", response_class=Response)
def unit_file(file_id: Number, visit: Here) -> Response:
    """Hand out a file of one of the unit's own reports, or an outline of a duty that it has."""
    with reading(visit.world.engine) as session:
        file = file_for_unit(session, visit.visitor.unit.id or 0, file_id)
    return download(read_file(visit.world.files_folder, file), file.name)
