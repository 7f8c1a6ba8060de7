"""Duyệt gửi: which mailings wait for the head of the office, and what he decides."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func
from sqlalchemy import select as select_rows
from sqlmodel import Session, col, select

from models import Assignment, Notice, Outgoing, OutgoingKind, OutgoingState
from rules.errors import DondocError
from rules.vocabulary import NoticeState
from services.journal import record

_RUNGS = {OutgoingKind.OPENING: "opened", OutgoingKind.INVITATIONS: "invited"}


class DecidedAlreadyError(DondocError):
    """Somebody has decided this already."""


@dataclass(frozen=True, kw_only=True)
class Approvals:
    """The mailings of years that wait, and those that were decided against; by cycle and rung."""

    states: dict[tuple[int, str], OutgoingState]

    def waiting(self, cycle_id: int, rung: str) -> bool:
        return self.states.get((cycle_id, rung)) is OutgoingState.WAITING

    def dropped(self, cycle_id: int, rung: str) -> bool:
        return self.states.get((cycle_id, rung)) is OutgoingState.DROPPED


_MAILINGS = (
    select(Outgoing.cycle_id, Outgoing.kind, Outgoing.state)
    .where(col(Outgoing.kind) != OutgoingKind.UPWARD)
    .order_by(col(Outgoing.id))
)


def approvals_of(session: Session) -> Approvals:
    rows = session.connection().execute(_MAILINGS)
    return Approvals(states={(cycle_id or 0, _RUNGS[kind]): state for cycle_id, kind, state in rows})


def ask_approval(
    session: Session, kind: OutgoingKind, *, plan_id: int, cycle_id: int, actor: str, now: datetime
) -> None:
    """Let a year's mailing wait for the head's "Duyệt gửi"."""
    session.add(Outgoing(kind=kind, plan_id=plan_id, cycle_id=cycle_id, actor=actor, made_at=now))


def waiting_for_approval(session: Session, plan_ids: list[int]) -> list[Outgoing]:
    """Return what the head has still to decide, the oldest first."""
    return list(
        session.exec(
            select(Outgoing)
            .where(Outgoing.state == OutgoingState.WAITING, col(Outgoing.plan_id).in_(plan_ids))
            .order_by(col(Outgoing.id))
        )
    )


def decided_lately(session: Session, plan_ids: list[int], *, most: int = 10) -> list[Outgoing]:
    """Return what was decided, the latest first."""
    return list(
        session.exec(
            select(Outgoing)
            .where(col(Outgoing.state) != OutgoingState.WAITING, col(Outgoing.plan_id).in_(plan_ids))
            .order_by(col(Outgoing.decided_at).desc(), col(Outgoing.id).desc())
            .limit(most)
        )
    )


def waiting_notices(session: Session, row: Outgoing) -> list[tuple[str, int]]:
    """Return the units whose notices wait for this decision, each with how many; empty for a letter upward."""
    if row.kind is OutgoingKind.UPWARD:
        return []
    found = session.execute(
        select_rows(col(Assignment.unit_name), func.count())
        .join(Notice, col(Notice.assignment_id) == Assignment.id)
        .where(
            col(Assignment.cycle_id) == row.cycle_id,
            col(Notice.rung) == _RUNGS[row.kind],
            col(Notice.state) == NoticeState.OWED,
        )
        .group_by(col(Assignment.unit_id), col(Assignment.unit_name))
        .order_by(col(Assignment.unit_id))
    )
    return [(name, count) for name, count in found]


def decide(
    session: Session, outgoing_id: int, state: OutgoingState, *, actor: str, now: datetime, once: str | None = None
) -> Outgoing:
    """Approve or drop; what was decided stays decided."""
    row = session.exec(
        select(Outgoing).where(Outgoing.id == outgoing_id).with_for_update().execution_options(populate_existing=True)
    ).one_or_none()
    if row is None or row.state is not OutgoingState.WAITING:
        raise DecidedAlreadyError
    row.state, row.decided_at, row.decided_by = state, now, actor
    session.add(row)
    record(session, now=now, actor=actor, action=f"mailing {state}", subject=f"outgoing:{outgoing_id}", once=once)
    return row
