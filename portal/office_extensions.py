"""Gia hạn: who asks for more time, how much is possible and why, and the decision."""

from sqlmodel import Session
from starlette.responses import Response

from models.database import reading
from portal.acting import day_of, perform
from portal.answers import Number, form_body
from portal.office_desk import Coordinating, Sending, Viewing, office_page, office_router
from portal.pages import see
from services.acts import decides
from services.answers import EmptyError
from services.extensions import asked, decide, require_own_request
from services.history import who
from services.workbench import tasks_of

router = office_router()


@router.get("/gia-han")
def requests(visit: Viewing) -> Response:
    """List the requests that wait, each with the latest day that the office's own deadline allows."""
    with reading(visit.world.engine) as session:
        found = asked(session, visit.plan_ids, now=visit.now, calendar=visit.calendar)
        ids = [one.assignment.id or 0 for one in found]
        tasks = {task.identifier: task for task in tasks_of(session, ids, now=visit.now, calendar=visit.calendar)}
        rows = [
            {
                "asked": one,
                "task": tasks[one.assignment.id or 0],
                "who": who(session, one.request.actor),
                "decides": decides(session, one.assignment, visit.now),
            }
            for one in found
        ]
    return office_page(visit, "extensions", rows=rows)


@router.post("/gia-han/{request_id}", openapi_extra=form_body("action", "until", "comment"))
def decide_request(request_id: Number, sent: Sending, visit: Coordinating) -> Response:
    """Grant (until the day asked for, or another) or refuse with a reason."""
    action = sent.text("action", 10)
    if action not in ("grant", "refuse"):
        raise EmptyError
    grant = action == "grant"
    until = day_of(sent, "until") if grant and sent.text("until", 40) else None

    def act(session: Session) -> None:
        require_own_request(session, visit.visitor, request_id)
        decide(
            session,
            request_id,
            grant=grant,
            until=until,
            comment=sent.text("comment"),
            actor=visit.visitor.actor,
            desk=visit.desk,
            calendar=visit.calendar,
            once=sent.once,
        )

    perform(visit, sent, act)
    return see("/phong/gia-han?da=" + ("gia-han" if grant else "khong-gia-han"))
