"""Khó khăn, vướng mắc: the register, answers, groups, and the letter that carries some of them upward."""

import re
from collections.abc import Sequence
from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from models.database import reading
from notifications.naming import short_unit
from portal.acting import perform
from portal.answers import Number, form_body
from portal.gate import StaffVisit
from portal.office_desk import Coordinating, Sending, Viewing, office_page, office_router
from portal.pages import see
from services.answers import EmptyError
from services.difficulties import Raised, answer, forward, register
from services.history import who

router = office_router()

_UNANSWERED = "chua-tra-loi"
_MOST = 100
_NUMBER = re.compile(r"[0-9]{1,9}")


@router.get("/vuong-mac")
def show_register(
    visit: Viewing,
    only: Annotated[str, Query(alias="loc", max_length=20)] = "",
    chosen: Annotated[list[int], Query(alias="chon", max_length=_MOST)] = [],  # noqa: B006 - FastAPI copies it
) -> Response:
    """List the difficulties; those that were ticked stand in a letter that can be written on the same page."""
    with reading(visit.world.engine) as session:
        found = register(session, visit.plan_ids)
        names = {one.difficulty.id: who(session, one.difficulty.actor) for one in found}
    picked = [one for one in found if one.difficulty.id in chosen]
    shown = [one for one in found if one.difficulty.answered_at is None] if only == _UNANSWERED else found
    return office_page(
        visit,
        "difficulties",
        rows=shown,
        names=names,
        only=only == _UNANSWERED,
        picked=picked,
        text=_letter(visit, picked) if picked else "",
    )


# Before the page of one difficulty: "chuyen" is no number.
@router.post("/vuong-mac/chuyen", openapi_extra=form_body("chon", "subject", "body"))
def send_upward(sent: Sending, visit: Coordinating) -> Response:
    """Write the letter upward; it waits for the head's approval."""
    ids = [int(typed) for typed in sent.texts("chon")[:_MOST] if _NUMBER.fullmatch(typed)]
    perform(
        visit,
        sent,
        lambda session: forward(
            session,
            visit.visitor,
            ids,
            subject=sent.text("subject", 300),
            body=sent.text("body", 20_000),
            desk=visit.desk,
            once=sent.once,
        ),
    )
    return see("/phong/vuong-mac?da=chuyen")


@router.post("/vuong-mac/{difficulty_id}", openapi_extra=form_body("answer", "theme"))
def answer_it(difficulty_id: Number, sent: Sending, visit: Coordinating) -> Response:
    """Answer a difficulty, or only put it into a group."""
    text, theme = sent.text("answer"), sent.text("theme", 200)
    if not (text or theme):
        raise EmptyError
    perform(
        visit,
        sent,
        lambda session: answer(
            session, visit.visitor, difficulty_id, text=text, theme=theme, desk=visit.desk, once=sent.once
        ),
    )
    return see("/phong/vuong-mac?da=" + ("tra-loi" if text else "nhom"))


def _letter(visit: StaffVisit, picked: Sequence[Raised]) -> str:
    """Return the letter's first wording, in Vietnamese like every document."""
    office = short_unit(visit.visitor.unit.name)
    opening = (
        f"Trong quá trình thực hiện {picked[0].plan.short_title}, {office} tổng hợp khó khăn, vướng mắc, kiến nghị của "
        "các đơn vị như sau:"
    )
    parts = []
    for place, one in enumerate(picked, 1):
        proposal = f"\nKiến nghị, đề xuất: {one.difficulty.proposal}" if one.difficulty.proposal else ""
        parts.append(f"{place}. {short_unit(one.unit.name)}: {one.difficulty.text}{proposal}")
    closing = f"{office} kính đề nghị UBND huyện xem xét, chỉ đạo."
    return "\n\n".join([opening, *parts, closing])
