"""What goes to the superior: a report on late units or a letter, drafted here, sent only after the head's approval."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlmodel import Session, col, select

from models import Assignment, Event, Outgoing, OutgoingKind, OutgoingState, Plan, Unit
from notifications.content import Language
from notifications.dates import count, long_day, short_day
from notifications.naming import short_unit
from rules.errors import DondocError
from rules.moments import local_date
from rules.workdays import WorkingCalendar
from services.acts import name_of
from services.answers import EmptyError
from services.approvals import decide
from services.awaiting import Owing, owing_units
from services.directory import office_on
from services.extensions import latest_day
from services.journal import done_already, record
from services.links import StaffVisitor
from services.notes import Desk, send_upward
from services.progress import Progress, near_or_late

#: Units that a draft names one by one; a longer list goes with the letter as an appendix.
_MOST_NAMES = 100


class NoSuperiorContactError(DondocError):
    """The superior has no mailbox in the plan's units: nothing can be sent to it."""


class NotOursError(DondocError):
    """There is nothing like this to decide here."""


def draft_upward(
    session: Session, visitor: StaffVisitor, *, plan_id: int, subject: str, body: str, desk: Desk, once: str | None
) -> None:
    """Write a letter to the plan's issuer; it waits for "Duyệt gửi"."""
    if done_already(session, once):
        return
    if plan_id not in {plan.id for plan in visitor.plans}:
        raise NotOursError
    if not (subject.strip() and body.strip()):
        raise EmptyError
    plan = session.get_one(Plan, plan_id)
    letter = Outgoing(
        kind=OutgoingKind.UPWARD,
        plan_id=plan_id,
        unit_id=plan.issuer_id,
        subject=subject.strip(),
        body=body.strip(),
        made_at=desk.now,
        actor=visitor.actor,
    )
    session.add(letter)
    session.flush()
    record(
        session, now=desk.now, actor=visitor.actor, action="letter drafted", subject=f"outgoing:{letter.id}", once=once
    )


def late_report(session: Session, plan: Plan, *, now: datetime, calendar: WorkingCalendar) -> tuple[str, str] | None:
    """Return subject and text of a draft report to the superior on the units that are late; None where nobody is.

    It is written in Vietnamese like every document; what is not known (a công văn, a last day) is left out.
    """
    today, plan_id = local_date(now), plan.id or 0
    office = office_on(session, plan_id, today)
    named = [
        (group, owing_units(session, group.key, office=office, today=today))
        for group in near_or_late(session, [plan_id], today=today, calendar=calendar)
        if group.escalates and group.late
    ]
    found = [(group, [one for one in owing if one.final < today]) for group, owing in named]
    found = [(group, late) for group, late in found if late]
    if not found:
        return None
    superior = session.get_one(Unit, plan.issuer_id)
    units = {one.unit_id for _, late in found for one in late}
    letters = _letters(session, [one.identifier for _, late in found for one in late[:_MOST_NAMES]])
    done = f"đã có {letters}" if letters else "đã trao đổi, nhắc việc"
    lasts = [_latest(session, group, now, calendar) for group, _ in found]
    last = min((day for day in lasts if day is not None and day > today), default=None)
    until = f" chậm nhất {long_day(last, Language.VI)}" if last is not None else ""
    late_now = f"Đến {long_day(today, Language.VI)}, còn {count(len(units), Language.VI)} đơn vị chưa gửi báo cáo"
    asked = f"Phòng kính đề nghị {short_unit(superior.name)} xem xét, chỉ đạo các đơn vị gửi báo cáo{until}."
    parts = [
        f"Kính gửi: {superior.name} (qua Văn phòng HĐND và UBND huyện).",
        f"{late_now} (danh sách dưới đây). Phòng {done}. {asked}",
        *(_late_part(group, late, today, calendar) for group, late in found),
    ]
    return f"Về việc đơn vị chưa gửi báo cáo theo {plan.short_title}", "\n\n".join(parts)


def _latest(session: Session, group: Progress, now: datetime, calendar: WorkingCalendar) -> date | None:
    return latest_day(session, session.get_one(Assignment, group.example), now=now, calendar=calendar)


def _late_part(group: Progress, late: Sequence[Owing], today: date, calendar: WorkingCalendar) -> str:
    lines = [f"{group.title} ({group.citation}):"]
    lines += [
        f"- {one.unit_name}: thời hạn {short_day(one.final, Language.VI)}, "
        f"quá hạn {count(calendar.count(one.final, today), Language.VI)} ngày làm việc."
        for one in late[:_MOST_NAMES]
    ]
    more = len(late) - _MOST_NAMES
    return "\n".join([*lines, f"- và {count(more, Language.VI)} đơn vị khác."] if more > 0 else lines)


def _letters(session: Session, ids: Sequence[int]) -> str:
    """Return the công văn đôn đốc that were recorded for these assignments, as a sentence names them."""
    names = [name_of(session, identifier) for identifier in ids]
    rows = session.exec(
        select(Event).where(Event.action == "letter", col(Event.subject).in_(names)).order_by(col(Event.id))
    ).all()
    found = {
        f"Công văn số {row.detail['number']} ngày {short_day(date.fromisoformat(row.detail['sent_on']), Language.VI)}"
        for row in rows
    }
    return ", ".join(sorted(found))


def conclude_outgoing(
    session: Session, visitor: StaffVisitor, outgoing_id: int, state: OutgoingState, *, desk: Desk, once: str | None
) -> None:
    """Approve (a letter is mailed, waiting notices go out) or drop; decided once."""
    if done_already(session, once):
        return
    row = session.get(Outgoing, outgoing_id)
    if row is None or row.plan_id not in {plan.id for plan in visitor.plans}:
        raise NotOursError
    row = decide(session, outgoing_id, state, actor=visitor.actor, now=desk.now, once=once)
    if row.kind is OutgoingKind.UPWARD and state is OutgoingState.APPROVED:
        superior = session.get_one(Unit, row.unit_id)
        message = send_upward(session, desk, superior, plan_id=row.plan_id, subject=row.subject, text=row.body)
        if message is None:
            raise NoSuperiorContactError
        row.message_id = message.id
        session.add(row)
