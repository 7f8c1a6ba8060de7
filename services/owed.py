"""Notices that are owed: what each is about, whether it still holds, and how it ends."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import bindparam, update
from sqlalchemy import select as select_rows
from sqlmodel import Session

from models import CycleState
from models.tables import ASSIGNMENT, CYCLE, NOTICE, RESPONSIBILITY, UNIT
from rules.ladder import RungKind
from rules.standing import Standing, moot
from rules.vocabulary import AssignmentState, Audience, NoticeState
from services.approvals import Approvals, approvals_of
from services.chunks import chunks

#: These only say that there is something to do: needless once the unit has confirmed that it knows.
NEWS = ("opened", "changed")


class Owed(NamedTuple):
    """A notice, and what decides whether it still holds and who reads it."""

    id: int
    assignment_id: int
    version: int
    rung: str
    audience: Audience
    due_on: date
    state: NoticeState
    reason: str
    message_id: int | None
    assignment_state: AssignmentState
    assignment_version: int
    acknowledged_at: datetime | None
    resting_until: date | None
    answered_until: date | None
    passed_to: int | None
    unit_id: int
    unit_name: str
    unit_valid_to: date | None
    plan_id: int
    cycle_id: int
    cycle_state: CycleState
    clause_in_force: bool

    @property
    def immediate(self) -> bool:
        """Word of a changed date answers what somebody just did: it does not wait for the morning.

        Once a mail has not told it, it does: at once it would go the same way again and again.
        """
        return self.rung == "changed" and not self.reason

    @property
    def to_office(self) -> bool:
        return self.audience in (Audience.OFFICER, Audience.OFFICE_HEAD)


_EVERY = (
    select_rows(
        NOTICE.c.id, NOTICE.c.assignment_id, NOTICE.c.version, NOTICE.c.rung, NOTICE.c.audience, NOTICE.c.due_on,
        NOTICE.c.state, NOTICE.c.reason, NOTICE.c.message_id,
        ASSIGNMENT.c.state, ASSIGNMENT.c.version, ASSIGNMENT.c.acknowledged_at, ASSIGNMENT.c.resting_until,
        ASSIGNMENT.c.answered_until, ASSIGNMENT.c.contact_id, ASSIGNMENT.c.unit_id, ASSIGNMENT.c.unit_name,
        UNIT.c.valid_to, ASSIGNMENT.c.plan_id, ASSIGNMENT.c.cycle_id, CYCLE.c.state,
        select_rows(RESPONSIBILITY.c.id)
        .where(
            RESPONSIBILITY.c.plan_id == ASSIGNMENT.c.plan_id,
            RESPONSIBILITY.c.clause == ASSIGNMENT.c.clause,
            RESPONSIBILITY.c.retired_at.is_(None),
        )
        .exists(),
    )
    .join(ASSIGNMENT, ASSIGNMENT.c.id == NOTICE.c.assignment_id)
    .join(UNIT, UNIT.c.id == ASSIGNMENT.c.unit_id)
    .join(CYCLE, CYCLE.c.id == ASSIGNMENT.c.cycle_id)
)  # fmt: skip
_FREE = _EVERY.where(NOTICE.c.state == NoticeState.OWED, NOTICE.c.message_id.is_(None)).order_by(NOTICE.c.id)
_AT_ONCE = _FREE.where(NOTICE.c.rung == RungKind.CHANGED, NOTICE.c.reason == "")
# Locked in the order in which everybody locks them: a report that is just coming in stops its mail, or waits for it.
_OF_MAILS = (
    _EVERY.where(NOTICE.c.message_id.in_(bindparam("mails", expanding=True)))
    .order_by(ASSIGNMENT.c.id, NOTICE.c.id)
    .with_for_update(read=True, of=ASSIGNMENT)
)


def owed_notices(session: Session, *, immediate_only: bool = False) -> list[Owed]:
    """Return the notices that no mail holds yet: all, or just those that do not wait for the morning."""
    return [Owed(*row) for row in session.connection().execute(_AT_ONCE if immediate_only else _FREE)]


def owed_in(session: Session, message_ids: Sequence[int]) -> dict[int, list[Owed]]:
    """Return the notices that each of these mails holds, whatever became of them; their assignments are locked."""
    found: dict[int, list[Owed]] = {number: [] for number in message_ids}
    for row in session.connection().execute(_OF_MAILS, {"mails": list(message_ids)}):
        owed = Owed(*row)
        found[owed.message_id or 0].append(owed)
    return found


def ending(owed: Owed, today: date, approvals: Approvals) -> tuple[NoticeState, str] | None:
    """Return how this notice ends because it no longer holds, or None."""
    if owed.state is not NoticeState.OWED:
        return owed.state, owed.reason
    return moot(
        Standing(
            state=owed.assignment_state,
            notice_version=owed.version,
            current_version=owed.assignment_version,
            cycle_closed=owed.cycle_state is CycleState.CLOSED,
            unit_ended=owed.unit_valid_to is not None and owed.unit_valid_to < today,
            clause_retired=not owed.clause_in_force,
            acknowledged=owed.rung in NEWS and owed.acknowledged_at is not None,
            dropped=approvals.dropped(owed.cycle_id, owed.rung),
        )
    )


def end_moot(
    session: Session, *, now: datetime, today: date, immediate_only: bool = False
) -> tuple[list[Owed], list[int]]:
    """Settle the notices that no longer hold; returns those that still do, and the ids of those that were settled."""
    standing: list[Owed] = []
    ended: dict[tuple[NoticeState, str], list[int]] = {}
    approvals = approvals_of(session)
    for owed in owed_notices(session, immediate_only=immediate_only):
        end = ending(owed, today, approvals)
        if end is None:
            standing.append(owed)
        else:
            ended.setdefault(end, []).append(owed.id)
    for (state, reason), ids in ended.items():
        settle(session, ids, state, reason, now=now)
    return standing, [number for ids in ended.values() for number in ids]


_SETTLED = update(NOTICE).where(NOTICE.c.id.in_(bindparam("ids", expanding=True)))


def settle(session: Session, ids: Iterable[int], state: NoticeState, reason: str, *, now: datetime) -> None:
    """Give notices their outcome."""
    statement = _SETTLED.values(state=state, reason=reason, settled_at=now)
    for part in chunks(list(ids)):
        session.connection().execute(statement, {"ids": part})


def owe_again(session: Session, notice_id: int, reason: str) -> None:
    """Take a notice out of its mail, which has not told it for this reason; without one it is as if never mailed."""
    free = {"state": NoticeState.OWED, "message_id": None, "reason": reason, "settled_at": None}
    session.connection().execute(update(NOTICE).where(NOTICE.c.id == notice_id).values(free))
