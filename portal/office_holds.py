"""Tạm dừng gửi: hold the mails about one unit or about all, with a reason, and let them go again."""

from sqlmodel import Session, select
from starlette.responses import Response

from models import Plan
from models.database import reading
from portal.acting import perform
from portal.answers import form_body
from portal.gate import StaffVisit
from portal.office_desk import Coordinating, Sending, office_page, office_router
from portal.pages import see
from rules.access import NotAllowedError
from rules.moments import local_date
from services.answers import EmptyError
from services.holds import HoldError, hold, lift, standing_holds
from services.outreach import units_of_plans

router = office_router()

#: What the form sends for a hold on everything; no unit's slug has this form.
_ALL = "*"


@router.get("/tam-dung")
def holds(visit: Coordinating) -> Response:
    """Show the holds that stand, and the form for a new one."""
    with reading(visit.world.engine) as session:
        units = units_of_plans(session, visit.visitor.plans, local_date(visit.now))
        own = {unit.id for unit in units}
        standing = [(row, unit) for row, unit in standing_holds(session) if unit is None or unit.id in own]
    return office_page(visit, "holds", units=units, standing=standing, everything=_ALL)


@router.post("/tam-dung", openapi_extra=form_body("action", "unit", "reason"))
def change_hold(sent: Sending, visit: Coordinating) -> Response:
    """Hold, or lift a hold."""
    action, slug, reason = sent.text("action", 10), sent.text("unit", 200), sent.text("reason", 500)
    if not slug or action not in ("hold", "lift") or (action == "hold" and not reason):
        raise EmptyError
    unit = None if slug == _ALL else slug

    def act(session: Session) -> None:
        _require_own(session, visit, unit)
        actor = visit.visitor.actor
        if action == "hold":
            hold(session, unit=unit, reason=reason, actor=actor, now=visit.now, once=sent.once)
        else:
            lift(session, unit=unit, actor=actor, now=visit.now, once=sent.once)

    perform(visit, sent, act)
    return see("/phong/tam-dung?da=" + ("dung" if action == "hold" else "gui-lai"))


def _require_own(session: Session, visit: StaffVisit, slug: str | None) -> None:
    if slug is None and not set(session.exec(select(Plan.id))) <= set(visit.plan_ids):
        raise NotAllowedError  # other offices' mails are not this one's to stop
    units = units_of_plans(session, visit.visitor.plans, local_date(visit.now))
    if slug is not None and slug not in {unit.slug for unit in units}:
        raise HoldError(f"there is no unit {slug!r} in the plans of this office")
