"""Files: outlines and forms of a duty, what came with reports, and a report as a draft in Word. Downloads only."""

from sqlmodel import Session
from starlette.datastructures import UploadFile
from starlette.responses import Response

from documents.uploads import LARGEST
from models import StoredFile
from models.database import reading
from portal.acting import perform
from portal.answers import Number, form_body
from portal.downloads import download
from portal.gate import Sent, StaffVisit
from portal.office_desk import Coordinating, Sending, Viewing, office_page, office_router, office_task
from portal.pages import see
from services.acts import last_submission
from services.answers import EmptyError
from services.files import NoSuchFileError, file_of_office, files_of, keep_file, read_file, remove_file
from services.outlines import Datable, datable_duties
from services.reporting import word_draft
from services.upward import NotOursError

router = office_router()


@router.get("/de-cuong")
def outlines(visit: Coordinating) -> Response:
    """List the duties with what was attached to them, and the form to attach more."""
    with reading(visit.world.engine) as session:
        duties = datable_duties(session, visit.visitor.plans)
        rows = [(duty, files_of(session, plan_id=duty.plan.id, duty_key=duty.key)) for duty in duties]
    return office_page(visit, "outlines", rows=rows)


@router.post("/de-cuong", openapi_extra=form_body("duty", file="file"))
def attach(sent: Sending, visit: Coordinating) -> Response:
    """Attach an outline or a form to a duty."""
    upload = sent.form.get("file")
    if not isinstance(upload, UploadFile) or not upload.filename:
        raise EmptyError
    content, name = upload.file.read(LARGEST + 1), upload.filename

    def act(session: Session) -> None:
        duty = _chosen_duty(session, visit, sent)
        keep_file(
            session,
            visit.world.files_folder,
            content=content,
            name=name,
            actor=visit.visitor.actor,
            now=visit.now,
            plan_id=duty.plan.id,
            duty_key=duty.key,
        )

    perform(visit, sent, act)
    return see("/phong/de-cuong?da=tep")


@router.post("/de-cuong/{file_id}/bo", openapi_extra=form_body())
def detach(file_id: Number, sent: Sending, visit: Coordinating) -> Response:
    """Take an outline off again."""

    def act(session: Session) -> None:
        file = session.get(StoredFile, file_id)
        if file is None or file.plan_id not in visit.plan_ids:
            raise NoSuchFileError
        remove_file(session, file, actor=visit.visitor.actor, now=visit.now)

    perform(visit, sent, act)
    return see("/phong/de-cuong?da=bo-tep")


@router.get("/tep/{file_id}", response_class=Response)
def stored_file(file_id: Number, visit: Viewing) -> Response:
    """Hand out a file of a report that was handed in, or an outline."""
    with reading(visit.world.engine) as session:
        file = file_of_office(session, visit.plan_ids, file_id)
        return download(read_file(visit.world.files_folder, file), file.name)


@router.get("/nhiem-vu/{identifier}/bao-cao.docx", response_class=Response)
def report_in_word(identifier: Number, visit: Viewing) -> Response:
    """Hand out what was handed in as a draft BÁO CÁO."""
    with reading(visit.world.engine) as session:
        task = office_task(session, visit, identifier)
        last = last_submission(session, task.assignment)
        if last is None or not last.fields:
            raise NoSuchFileError
        return download(word_draft(session, task.assignment, last.fields), f"bao-cao-{identifier}.docx")


def _chosen_duty(session: Session, visit: StaffVisit, sent: Sent) -> Datable:
    typed = sent.text("duty", 100)
    for duty in datable_duties(session, visit.visitor.plans):
        if typed == f"{duty.plan.id}:{duty.key}":
            return duty
    raise NotOursError if typed else EmptyError
