"""Is everything there that must be there? Every expected assignment, and a sweep of every responsibility within 26 h.

26 hours: one morning may be ten minutes later than the last and a machine may have been restarted, but a whole day
without a look is a fault.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, func
from sqlmodel import Session, col, select

from models import Contact, Cycle, CycleState, Message, Notice, Plan, Responsibility, Sweep
from models.database import reading
from rules.moments import local_date
from rules.vocabulary import MessageKind, NoticeState
from rules.workdays import WorkingCalendar
from services.assigning import current_clauses, missing
from services.directory import contacts_on, directory_on, on_day, reachable_reader, unreachable_on
from services.undelivered import not_delivered

SWEEP_WITHIN = timedelta(hours=26)


@dataclass(frozen=True, kw_only=True)
class Health:
    """What was looked at, and every fault as one sentence."""

    responsibilities: int
    faults: tuple[str, ...]


def check(engine: Engine, *, now: datetime, calendar: WorkingCalendar) -> Health:
    """Look for what is missing; nothing is changed."""
    with reading(engine) as session:
        watched = sum(len(current_clauses(session, plan.id or 0)) for plan in _open_plans(session))
        faults = (*faults_of(session, now=now, calendar=calendar), *_unreachable(session, now))
        return Health(responsibilities=watched, faults=faults)


def faults_of(session: Session, *, now: datetime, calendar: WorkingCalendar, sweeps: bool = True) -> list[str]:
    """Return every fault as one sentence; without `sweeps` it is not asked whether each day was looked at."""
    plans = _open_plans(session)
    clauses = {plan.slug: current_clauses(session, plan.id or 0) for plan in plans}
    return [
        *(fault for plan in plans for fault in (_unswept(session, plan, clauses[plan.slug], now) if sweeps else ())),
        *(fault for plan in plans for fault in (_of_days_to_come(session, plan, now) if sweeps else ())),
        *(fault for plan in plans for fault in _unassigned(session, plan, clauses[plan.slug], now, calendar)),
        *_failed(session, now),
        *_answers_failed(session, now),
    ]


def _open_plans(session: Session) -> Sequence[Plan]:
    return session.exec(
        select(Plan).where(select(Cycle.id).where(Cycle.plan_id == Plan.id, Cycle.state == CycleState.OPEN).exists())
    ).all()


def _unswept(session: Session, plan: Plan, clauses: list[Responsibility], now: datetime) -> list[str]:
    """A responsibility was looked at within 26 hours, or its year was opened since then."""
    rows = session.execute(
        select(Sweep.clause, func.max(Sweep.made_at))
        .where(Sweep.plan_id == plan.id, col(Sweep.made_at) <= now)
        .group_by(col(Sweep.clause))
    )
    last: dict[str, datetime] = dict(rows.tuples().all())
    opened = session.exec(
        select(func.min(Cycle.made_at)).where(Cycle.plan_id == plan.id, Cycle.state == CycleState.OPEN)
    ).one()
    return [
        f"{plan.slug} {clause.clause}: "
        + (f"last sweep {last[clause.clause]:%Y-%m-%d %H:%M} UTC" if clause.clause in last else "never swept")
        for clause in clauses
        if now - last.get(clause.clause, opened) > SWEEP_WITHIN
    ]


def _of_days_to_come(session: Session, plan: Plan, now: datetime) -> list[str]:
    """What was recorded at a later time than now: the clock is wrong, or was. Reminders may have gone out too early."""
    last = session.exec(select(func.max(Sweep.made_at)).where(Sweep.plan_id == plan.id)).one()
    if last is None or last <= now:
        return []
    return [
        f"{plan.slug}: a sweep of {last:%Y-%m-%d %H:%M} UTC lies ahead: the machine's clock was set back, or was ahead"
    ]


def _unassigned(
    session: Session, plan: Plan, clauses: list[Responsibility], now: datetime, calendar: WorkingCalendar
) -> list[str]:
    today = local_date(now)
    cycles = session.exec(
        select(Cycle).where(Cycle.plan_id == plan.id, Cycle.state == CycleState.OPEN, Cycle.opened_on <= today)
    ).all()
    directory = directory_on(session, today)
    return [
        f"{plan.slug} {cycle.year} {slot.duty.key}: no assignment for {unit.name}"
        for cycle in cycles
        for slot in missing(session, cycle, plan, clauses, directory=directory, calendar=calendar)
        for unit in slot.units
    ]


def _unreachable(session: Session, now: datetime) -> list[str]:
    """Mailboxes from which mails come back. In its overview the office reads of them by name, not as a fault."""
    contacts = contacts_on(session, local_date(now))
    found = []
    for unit, contact in unreachable_on(session, local_date(now)):
        reader = reachable_reader(contacts, contact)
        instead = f"its {reader.role} is written to instead" if reader else "nobody else can be written to"
        found.append(f"{unit.name}: mails to its {contact.role} come back, {instead}")
    return found


def _failed(session: Session, now: datetime) -> list[str]:
    """Mails that were refused, put off or came back since yesterday, though no missing mailbox was the reason."""
    lost = select(Contact.id).where(
        func.lower(col(Contact.address)) == Message.address,
        col(Contact.unreachable_since).is_not(None),
        *on_day(Contact, local_date(now)),
    )
    count = session.exec(
        select(func.count())
        .select_from(Message)
        .where(
            Message.kind == MessageKind.MORNING,
            not_delivered(session, now - SWEEP_WITHIN),
            ~lost.exists(),
        )
    ).one()
    unmade = session.exec(
        select(func.count())
        .select_from(Notice)
        .where(Notice.state == NoticeState.FAILED, col(Notice.settled_at) > now - SWEEP_WITHIN)
    ).one()
    said = f"{count} morning mails were refused, not taken all day or came back since yesterday; they are due again"
    return [said] * bool(count) + [f"{unmade} notices could not be delivered since yesterday"] * bool(unmade)


def _answers_failed(session: Session, now: datetime) -> list[str]:
    """What answers somebody (a receipt, a sign-in link) has no next reader, and no run of Prefect that says so."""
    count = session.exec(
        select(func.count())
        .select_from(Message)
        .where(Message.kind == MessageKind.IMMEDIATE, not_delivered(session, now - SWEEP_WITHIN))
    ).one()
    return (
        [f"{count} immediate mails (receipts, sign-in links) could not be delivered since yesterday"] if count else []
    )
