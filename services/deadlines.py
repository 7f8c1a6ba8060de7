"""Deadline versions: each new final date is a version of its own, with the chain that says why."""

from datetime import date, datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import update
from sqlmodel import Session, col, select

from models import Assignment, DeadlineVersion, Duty, Notice, Responsibility
from rules.deadlines import Deadline, Step
from rules.ladder import RungKind
from rules.lifecycle import WAITING
from rules.moments import local_date
from rules.vocabulary import Audience, NoticeState

_STEPS = TypeAdapter(tuple[Step, ...])


def steps_as_json(deadline: Deadline) -> list[dict[str, Any]]:
    """Return the chain as it is stored."""
    plain: list[dict[str, Any]] = _STEPS.dump_python(deadline.steps, mode="json")
    return plain


def deadline_of(version: DeadlineVersion) -> Deadline:
    """Return the deadline that was stored."""
    return Deadline(steps=_STEPS.validate_python(version.steps, strict=False), at=version.at)


def steps_of(stored: str) -> tuple[Step, ...]:
    """Return the chain from its stored text."""
    return _STEPS.validate_json(stored, strict=False)


def current_version(session: Session, assignment: Assignment) -> DeadlineVersion | None:
    return session.exec(
        select(DeadlineVersion).where(
            DeadlineVersion.assignment_id == assignment.id, DeadlineVersion.version == assignment.version
        )
    ).one_or_none()


def set_deadline(
    session: Session, assignment: Assignment, deadline: Deadline, *, now: datetime, always: bool = False
) -> bool:
    """Give the assignment a new deadline version; an unchanged final date makes none. Returns whether it did.

    With `always` it does even then: a report that was returned starts its ladder again, whatever the date.

    A unit that already knew a date is owed word of the new one at once: the notice `changed`.
    """
    earlier = current_version(session, assignment)
    if not always and earlier is not None and (earlier.final, earlier.at) == (deadline.final, deadline.at):
        return False
    today = local_date(now)
    assignment.version += 1
    assignment.final = deadline.final
    assignment.since = max(today, assignment.opened_on)
    # What the unit answered was about the date before.
    assignment.answered_until = assignment.expected_on = assignment.acknowledged_at = None
    look_again(assignment, today)
    session.add(assignment)
    assert assignment.id is not None
    session.add(
        DeadlineVersion(
            assignment_id=assignment.id,
            version=assignment.version,
            final=deadline.final,
            at=deadline.at,
            steps=steps_as_json(deadline),
            since=assignment.since,
            made_at=now,
        )
    )
    if assignment.version > 1 and assignment.state in WAITING:
        session.add(
            Notice(
                assignment_id=assignment.id,
                version=assignment.version,
                rung=RungKind.CHANGED,
                audience=Audience.CONTACT,
                due_on=assignment.since,
                state=NoticeState.OWED,
                made_on=today,
            )
        )
    _wake_feeders(session, assignment, today)
    return True


def look_again(assignment: Assignment, today: date) -> None:
    """Let the next sweep look at the assignment, if there is still something to wait for."""
    assignment.next_look_on = today if assignment.state in WAITING else None


def _wake_feeders(session: Session, assignment: Assignment, today: date) -> None:
    """The rungs of whatever feeds this duty are bounded by its deadline, which has just moved."""
    feeding = (
        select(Duty.key)
        .join(Responsibility)
        .where(Responsibility.plan_id == assignment.plan_id, Duty.feeds == assignment.duty_key)
    )
    session.execute(
        update(Assignment)
        .where(
            col(Assignment.cycle_id) == assignment.cycle_id,
            col(Assignment.duty_key).in_(feeding),
            col(Assignment.state).in_(WAITING),
        )
        .values(next_look_on=today)
    )
