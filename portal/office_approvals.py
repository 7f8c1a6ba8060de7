"""Duyệt gửi: what waits for the head of the office, in full; and the draft report on late units that he may send up."""

from starlette.responses import Response

from models import OutgoingKind, OutgoingState, Unit
from models.database import reading
from portal.acting import perform
from portal.answers import Number, form_body
from portal.office_desk import Approving, Coordinating, Sending, Viewing, office_page, office_router
from portal.pages import see
from rules.access import Right
from rules.moments import local_date
from rules.vocabulary import ContactRole
from services.answers import EmptyError
from services.approvals import decided_lately, waiting_for_approval, waiting_notices
from services.directory import contacts_on
from services.history import who
from services.upward import NotOursError, conclude_outgoing, draft_upward, late_report

router = office_router()

_STATES = {"approve": OutgoingState.APPROVED, "drop": OutgoingState.DROPPED}


@router.get("/duyet-gui")
def waiting(visit: Viewing) -> Response:
    """Show what waits with all that would go out, what was decided lately, and the draft report upward."""
    with reading(visit.world.engine) as session:
        contacts = contacts_on(session, local_date(visit.now))
        rows = []
        for row in waiting_for_approval(session, visit.plan_ids):
            unit = session.get(Unit, row.unit_id) if row.unit_id else None
            rows.append(
                {
                    "row": row,
                    "by": who(session, row.actor),
                    "unit": unit,
                    "contact": contacts.get((row.unit_id or 0, ContactRole.CONTACT)),
                    "receivers": waiting_notices(session, row),
                    "letter": row.kind is OutgoingKind.UPWARD,
                }
            )
        decided = [(row, who(session, row.decided_by)) for row in decided_lately(session, visit.plan_ids)]
        drafts = []
        if visit.may(Right.COORDINATE):
            found = [
                (plan, late_report(session, plan, now=visit.now, calendar=visit.calendar))
                for plan in visit.visitor.plans
            ]
            drafts = [(plan, *draft) for plan, draft in found if draft is not None]
    return office_page(visit, "approvals", rows=rows, decided=decided, drafts=drafts)


@router.post("/duyet-gui/{outgoing_id}", openapi_extra=form_body("action"))
def decide_outgoing(outgoing_id: Number, sent: Sending, visit: Approving) -> Response:
    """Let it go out, or not."""
    state = _STATES.get(sent.text("action", 10))
    if state is None:
        raise EmptyError
    perform(
        visit,
        sent,
        lambda session: conclude_outgoing(session, visit.visitor, outgoing_id, state, desk=visit.desk, once=sent.once),
    )
    return see("/phong/duyet-gui?da=" + ("duyet" if state is OutgoingState.APPROVED else "khong-gui"))


@router.post("/bao-cao-len", openapi_extra=form_body("plan", "subject", "body"))
def draft(sent: Sending, visit: Coordinating) -> Response:
    """Write the report to the superior; nothing is sent before the head approves it."""
    typed = sent.text("plan", 12)
    if typed not in {str(number) for number in visit.plan_ids}:
        raise NotOursError
    perform(
        visit,
        sent,
        lambda session: draft_upward(
            session,
            visit.visitor,
            plan_id=int(typed),
            subject=sent.text("subject", 300),
            body=sent.text("body", 20_000),
            desk=visit.desk,
            once=sent.once,
        ),
    )
    return see("/phong/duyet-gui?da=bao-cao-len")
