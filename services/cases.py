"""From rows to the ladder's values: everything `rules.ladder` must know of assignments, gathered in few queries.

Most units of a duty are treated alike, so they share one case: a sweep over a country asks the rules a few times.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import ColumnElement, String, cast, func, select
from sqlmodel import Session

from models import Responsibility
from models.tables import ASSIGNMENT, CYCLE, DUTY, NOTICE, RESPONSIBILITY, UNIT
from rules.ladder import Case, Ladder
from rules.vocabulary import AssignmentState, Audience, NoticeState, Role
from services.chunks import chunks
from services.directory import office_on


class CaseRow(NamedTuple):
    """What the ladder must know of one assignment; what follows `unit_id` is equal where units are treated alike."""

    id: int
    unit_id: int
    cycle_id: int
    responsibility_id: int
    period: str
    state: AssignmentState
    since: date
    version: int
    final: date | None
    resting_until: date | None
    answered_until: date | None
    role: str
    escalates: bool
    feeds: str | None
    subordinate: bool
    unit_valid_to: date | None


_ROWS = (
    select(
        ASSIGNMENT.c.id, ASSIGNMENT.c.unit_id, ASSIGNMENT.c.cycle_id, ASSIGNMENT.c.responsibility_id,
        ASSIGNMENT.c.period, ASSIGNMENT.c.state, ASSIGNMENT.c.since, ASSIGNMENT.c.version, ASSIGNMENT.c.final,
        ASSIGNMENT.c.resting_until, ASSIGNMENT.c.answered_until,
        DUTY.c.role, DUTY.c.escalates, DUTY.c.feeds, UNIT.c.subordinate, UNIT.c.valid_to,
    )
    .join(DUTY, (DUTY.c.responsibility_id == ASSIGNMENT.c.responsibility_id) & (DUTY.c.key == ASSIGNMENT.c.duty_key))
    .join(UNIT, UNIT.c.id == ASSIGNMENT.c.unit_id)
    .order_by(ASSIGNMENT.c.id)
)  # fmt: skip
_RECORDED = (
    select(
        NOTICE.c.assignment_id,
        func.aggregate_strings(
            NOTICE.c.rung + "/" + cast(NOTICE.c.audience, String) + "/" + cast(NOTICE.c.state, String), " "
        ),
    )
    .join(ASSIGNMENT, (ASSIGNMENT.c.id == NOTICE.c.assignment_id) & (ASSIGNMENT.c.version == NOTICE.c.version))
    .group_by(NOTICE.c.assignment_id)
)


def case_rows(session: Session, *chosen: ColumnElement[bool]) -> list[CaseRow]:
    """Return the chosen assignments in the order of their ids.

    They are locked: a date that is changed meanwhile waits, else its earlier look would be overwritten.
    """
    rows = session.connection().execute(_ROWS.where(*chosen).with_for_update(of=ASSIGNMENT))
    return [CaseRow(*row) for row in rows]


def recorded_notices(session: Session, *chosen: ColumnElement[bool]) -> dict[int, str]:
    """Return the notices of each assignment's current deadline version as one text, equal for equal notices."""
    rows = session.connection().execute(_RECORDED.where(*chosen)).all()
    return dict(map(tuple, rows))


def cases_for(session: Session, plan_id: int, ids: Sequence[int], today: date) -> dict[int, Case]:
    """Return each assignment's case for its days alone: what is owed anew cannot be asked without its notices."""
    cases = Cases(session, plan_id, today)
    rows = [
        CaseRow(*row)
        for part in chunks(ids)
        for row in session.connection().execute(_ROWS.where(ASSIGNMENT.c.id.in_(part)))
    ]
    return {row.id: case for case, alike in cases.alike(rows, {}) for row in alike}


class Cases:
    """What stands behind the cases of one plan on one day."""

    def __init__(self, session: Session, plan_id: int, today: date) -> None:
        self._today = today
        self._office = office_on(session, plan_id, today)
        self._bounds = _bounds(session, plan_id)
        ladders = session.connection().execute(
            select(RESPONSIBILITY.c.id, RESPONSIBILITY.c.rungs).where(RESPONSIBILITY.c.plan_id == plan_id)
        )
        self._ladders = {identifier: _ladder(rungs) for identifier, rungs in ladders}

    def alike(self, rows: Iterable[CaseRow], recorded: Mapping[int, str]) -> list[tuple[Case, list[CaseRow]]]:
        """Return each case with the assignments that it stands for."""
        own = self._office.id if self._office else None
        groups: dict[tuple[object, ...], list[CaseRow]] = {}
        for row in rows:
            groups.setdefault((row[2:], row.unit_id == own, recorded.get(row.id, "")), []).append(row)
        return [
            (self._case(group[0], recorded.get(group[0].id, ""), own_office=group[0].unit_id == own), group)
            for group in groups.values()
        ]

    def _case(self, row: CaseRow, recorded: str, *, own_office: bool) -> Case:
        return Case(
            state=row.state,
            since=row.since,
            version=row.version,
            final=row.final,
            request=row.role == Role.REQUEST or not row.subordinate,
            escalates=row.escalates and row.subordinate,
            own_office=own_office,
            unit_ended=row.unit_valid_to is not None and row.unit_valid_to < self._today,
            bound=self._bound(row),
            resting_until=row.resting_until,
            answered_until=row.answered_until,
            ladder=self._ladders[row.responsibility_id],
            existing=_read(recorded),
        )

    def _bound(self, row: CaseRow) -> date | None:
        """Later reminders help nobody: the consolidation of the same period or, where it has another, of the year."""
        if row.feeds is None:
            return None
        same = self._bounds.get((row.cycle_id, row.feeds, row.period))
        every = [final for (*feeds, _), final in self._bounds.items() if feeds == [row.cycle_id, row.feeds]]
        return same or max(every, default=None)


def _read(recorded: str) -> dict[tuple[str, Audience], NoticeState]:
    parts = (one.split("/") for one in recorded.split())
    return {(rung, Audience(audience)): NoticeState(state) for rung, audience, state in parts}


def ladder_of(responsibility: Responsibility) -> Ladder:
    """Return the clause's offsets as they were when the assignment was made."""
    return _ladder(responsibility.rungs)


def _ladder(rungs: Mapping[str, Iterable[int]]) -> Ladder:
    return Ladder(**{audience: tuple(offsets) for audience, offsets in rungs.items()})


def _bounds(session: Session, plan_id: int) -> dict[tuple[int, str, str], date]:
    """Return, per cycle, consolidating duty and period, the last of its deadlines."""
    feeds = session.connection().scalars(
        select(DUTY.c.feeds)
        .distinct()
        .join(RESPONSIBILITY, RESPONSIBILITY.c.id == DUTY.c.responsibility_id)
        .where(RESPONSIBILITY.c.plan_id == plan_id, DUTY.c.feeds.is_not(None))
    )
    consolidating = feeds.all()
    if not consolidating:
        return {}
    rows = session.connection().execute(
        select(ASSIGNMENT.c.cycle_id, ASSIGNMENT.c.duty_key, ASSIGNMENT.c.period, func.max(ASSIGNMENT.c.final))
        .where(
            ASSIGNMENT.c.cycle_id.in_(select(CYCLE.c.id).where(CYCLE.c.plan_id == plan_id)),
            ASSIGNMENT.c.duty_key.in_(consolidating),
            ASSIGNMENT.c.final.is_not(None),
        )
        .group_by(ASSIGNMENT.c.cycle_id, ASSIGNMENT.c.duty_key, ASSIGNMENT.c.period)
    )
    return {(cycle_id, duty_key, period): final for cycle_id, duty_key, period, final in rows}
