"""What a unit sees: its open assignments by urgency, each with its clause, its deadline and why, and what was sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy import select as select_rows
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from models import (
    Assignment,
    Contact,
    Cycle,
    CycleState,
    DeadlineVersion,
    Difficulty,
    Draft,
    Duty,
    ExtensionRequest,
    Plan,
    RequestState,
    Responsibility,
    StoredFile,
    Submission,
    Unit,
)
from notifications.content import DeadlineFacts, Language
from notifications.naming import named
from rules.lifecycle import WAITING
from rules.moments import local_date
from rules.vocabulary import AssignmentState, Nature
from rules.workdays import WorkingCalendar
from services.assigning import duties_of
from services.chunks import chunks
from services.deadlines import deadline_of
from services.directory import directory_on
from services.links import UnitVisitor


@dataclass(frozen=True, kw_only=True)
class Task:
    """One assignment on its unit's page.

    `days` counts working days: left when positive or nought, overdue when negative, None without a deadline or when
    nothing is waited for. `request` is the last request for more time, `submission` what was handed in last.
    """

    assignment: Assignment
    title: str
    nature: Nature
    deliverable: str
    citation: str
    text: str
    plan: Plan
    year: int
    recipient: str
    deadline: DeadlineFacts | None
    days: int | None
    request: ExtensionRequest | None
    submission: Submission | None
    drafted: bool
    colleague: Contact | None

    @property
    def identifier(self) -> int:
        return self.assignment.id or 0

    @property
    def waiting(self) -> bool:
        return self.assignment.state in WAITING

    @property
    def overdue(self) -> bool:
        return self.days is not None and self.days < 0

    @property
    def acknowledged(self) -> bool:
        return self.assignment.acknowledged_at is not None

    @property
    def returned(self) -> bool:
        return self.assignment.state is AssignmentState.RETURNED


@dataclass(frozen=True, kw_only=True)
class Workbench:
    """Everything of a unit in its open years. `dated`: the most urgent first; `done`: handed in, accepted, noted."""

    unit: Unit
    dated: tuple[Task, ...]
    undated: tuple[Task, ...]
    continuous: tuple[Task, ...]
    done: tuple[Task, ...]
    unacknowledged: int


@dataclass(frozen=True, kw_only=True)
class OnEvent:
    """An on-event duty under which a unit can report something extraordinary at any time."""

    plan: Plan
    key: str
    title: str
    citation: str
    text: str


def workbench(
    session: Session,
    visitor: UnitVisitor,
    *,
    now: datetime,
    calendar: WorkingCalendar,
    language: Language = Language.VI,
) -> Workbench:
    """Return what the unit has to do and what it has done, in every open year."""
    own = (col(Assignment.unit_id) == visitor.unit.id, col(Cycle.state) == CycleState.OPEN)
    tasks = _tasks(session, own, now=now, calendar=calendar, language=language)
    waiting = [task for task in tasks if task.waiting]
    return Workbench(
        unit=visitor.unit,
        dated=tuple(sorted((task for task in waiting if task.deadline), key=_urgency)),
        undated=tuple(task for task in waiting if not task.deadline and task.nature is not Nature.CONTINUOUS),
        continuous=tuple(task for task in waiting if not task.deadline and task.nature is Nature.CONTINUOUS),
        done=tuple(task for task in tasks if not task.waiting),
        unacknowledged=sum(not task.acknowledged for task in waiting),
    )


def tasks_of(
    session: Session,
    ids: Sequence[int],
    *,
    now: datetime,
    calendar: WorkingCalendar,
    language: Language = Language.VI,
) -> list[Task]:
    """Return these assignments as a page shows them, in the order of their ids."""
    chosen = [(col(Assignment.id).in_(part),) for part in chunks(sorted(ids))]
    return [task for one in chosen for task in _tasks(session, one, now=now, calendar=calendar, language=language)]


_RECIPIENT = aliased(Unit)
#: Officers look at their page more than at any other: the statement is made once, and columns are read where whole
#: rows would cost far more.
_TASKS = (
    select_rows(
        Assignment,
        DeadlineVersion,
        Plan,
        col(Cycle.year),
        col(Responsibility.citation),
        col(Responsibility.text),
        col(Duty.title),
        col(Duty.title_en),
        col(Duty.nature),
        col(Duty.deliverable),
        col(_RECIPIENT.name),
        select(Draft.assignment_id).where(Draft.assignment_id == Assignment.id).exists(),
    )
    .join(Plan, col(Plan.id) == Assignment.plan_id)
    .join(Cycle, col(Cycle.id) == Assignment.cycle_id)
    .join(Responsibility, col(Responsibility.id) == Assignment.responsibility_id)
    .join(Duty, (col(Duty.responsibility_id) == Responsibility.id) & (col(Duty.key) == Assignment.duty_key))
    .join(
        DeadlineVersion,
        (col(DeadlineVersion.assignment_id) == Assignment.id) & (col(DeadlineVersion.version) == Assignment.version),
        isouter=True,
    )
    .join(_RECIPIENT, col(_RECIPIENT.slug) == Assignment.addressed_to, isouter=True)
    .order_by(col(Assignment.id))
)


def _tasks(
    session: Session,
    chosen: Sequence[ColumnElement[bool]],
    *,
    now: datetime,
    calendar: WorkingCalendar,
    language: Language,
) -> list[Task]:
    """One query for the assignments with what is fixed about them, and few for what happened to them."""
    rows = session.execute(_TASKS.where(*chosen)).all()
    happened = _Happened(session, [row[0] for row in rows])
    today = local_date(now)
    return [
        Task(
            assignment=assignment,
            title=named(_title(assignment, title, title_en, language), year, assignment.period, language),
            nature=Nature(nature),
            deliverable=deliverable,
            citation=citation,
            text=text,
            plan=plan,
            year=year,
            recipient=recipient_name or "",
            deadline=_facts(version) if version else None,
            drafted=drafted,
            days=_days(assignment, today, calendar),
            **happened.to(assignment),
        )
        for (
            assignment, version, plan, year, citation, text, title, title_en, nature, deliverable, recipient_name,
            drafted,
        ) in rows
    ]  # fmt: skip


def _title(assignment: Assignment, title: str, title_en: str | None, language: Language) -> str:
    """An ad hoc assignment goes by its own title, all others by their duty's, in English where it has one."""
    return assignment.title or (title_en if language is Language.EN and title_en else title)


def on_event_duties(session: Session, visitor: UnitVisitor, *, now: datetime) -> list[OnEvent]:
    """Return the duties "khi phát sinh" of plans with an open year that address this unit."""
    directory = directory_on(session, local_date(now))
    plans = session.exec(
        select(Plan)
        .where(select(Cycle.id).where(Cycle.plan_id == Plan.id, Cycle.state == CycleState.OPEN).exists())
        .order_by(col(Plan.id))
    ).all()
    found = []
    for plan in plans:
        clauses = session.exec(
            select(Responsibility)
            .where(Responsibility.plan_id == plan.id, col(Responsibility.retired_at).is_(None))
            .order_by(col(Responsibility.id))
        ).all()
        for clause in clauses:
            for duty in duties_of(session, clause):
                addressed = directory.expand(duty.addressees or clause.addressees)
                if duty.nature == Nature.ON_EVENT and visitor.unit.id in {unit.id for unit in addressed}:
                    found.append(
                        OnEvent(plan=plan, key=duty.key, title=duty.title, citation=clause.citation, text=duty.text)
                    )
    return found


def plans_of(session: Session, visitor: UnitVisitor) -> list[Plan]:
    """Return the plans under which the unit has something in an open year: what it can raise a difficulty about."""
    own = (
        select(Assignment.id)
        .join(Cycle, col(Cycle.id) == Assignment.cycle_id)
        .where(Assignment.plan_id == Plan.id, Assignment.unit_id == visitor.unit.id, Cycle.state == CycleState.OPEN)
    )
    return list(session.exec(select(Plan).where(own.exists()).order_by(col(Plan.id))))


def difficulties_of(session: Session, visitor: UnitVisitor, *, assignment_id: int | None = None) -> list[Difficulty]:
    """Return what the unit has raised (of one assignment, or all), the last first, with the answers."""
    query = select(Difficulty).where(Difficulty.unit_id == visitor.unit.id)
    if assignment_id is not None:
        query = query.where(Difficulty.assignment_id == assignment_id)
    return list(session.exec(query.order_by(col(Difficulty.id).desc())))


def outlines_of(session: Session, task: Task) -> list[StoredFile]:
    """Return the outline and forms that the coordinator attached to the duty."""
    return list(
        session.exec(
            select(StoredFile)
            .where(
                StoredFile.plan_id == task.assignment.plan_id,
                StoredFile.duty_key == task.assignment.duty_key,
                col(StoredFile.removed_at).is_(None),
            )
            .order_by(col(StoredFile.id))
        )
    )


def _urgency(task: Task) -> tuple[date, int]:
    return task.assignment.final or date.max, task.identifier


class _Happened:
    """What happened to some assignments: what was asked, handed in and passed on."""

    def __init__(self, session: Session, rows: Sequence[Assignment]) -> None:
        ids = [row.id or 0 for row in rows]
        self._requests = {
            one.assignment_id: one
            for one in session.exec(
                select(ExtensionRequest)
                .where(col(ExtensionRequest.assignment_id).in_(ids), col(ExtensionRequest.state) != RequestState.MOOT)
                .order_by(col(ExtensionRequest.id))
            )
        }
        sent = [row.id or 0 for row in rows if row.state is not AssignmentState.OPEN]
        self._submissions = _last_submissions(session, sent) if sent else {}
        passed = {row.contact_id for row in rows if row.contact_id}
        colleagues = session.exec(select(Contact).where(col(Contact.id).in_(passed))).all() if passed else ()
        self._colleagues = {one.id: one for one in colleagues}

    def to(self, assignment: Assignment) -> dict[str, Any]:
        number = assignment.id or 0
        return {
            "request": self._requests.get(number),
            "submission": self._submissions.get(number),
            "colleague": self._colleagues.get(assignment.contact_id),
        }


def _last_submissions(session: Session, ids: Sequence[int]) -> dict[int, Submission]:
    rows = session.exec(select(Submission).where(col(Submission.assignment_id).in_(ids)).order_by(col(Submission.id)))
    return {row.assignment_id: row for row in rows}


def _facts(version: DeadlineVersion) -> DeadlineFacts:
    return DeadlineFacts(final=version.final, steps=deadline_of(version).steps, version=version.version, at=version.at)


def _days(assignment: Assignment, today: date, calendar: WorkingCalendar) -> int | None:
    if assignment.final is None or assignment.state not in WAITING:
        return None
    if assignment.final >= today:
        return calendar.count(today, assignment.final)
    return -calendar.count(assignment.final, today)
