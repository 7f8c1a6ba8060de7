"""What one delivery is given, and what it reports."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import Engine, func
from sqlalchemy import select as select_rows
from sqlmodel import Session, col, select

from models import Cycle, Notice, Plan
from notifications.mailer import Mailer
from rules.vocabulary import NoticeState
from rules.workdays import WorkingCalendar
from services.attempts import Trust
from services.chunks import chunks
from services.facts import Fact, facts_for
from services.finding import assignment_name
from services.letters import Letterhead

#: Notices that a run's table shows; its figures count them all.
_SHOWN = 1_000


@dataclass(frozen=True, kw_only=True)
class Line:
    """One notice and what became of it, for the run's table."""

    notice: str
    unit: str
    outcome: str
    reason: str = ""


@dataclass(kw_only=True)
class DeliveryReport:
    """What a delivery did. `waiting_for` names sweeps that hold the morning mails back; `alarm` stopped mails.

    `held`: nothing was sent, because all sending is held.
    `notices` counts all of them by outcome; `lines` are the first of them.
    """

    day: date
    working_day: bool
    mails: int = 0
    notices: dict[str, int] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    waiting_for: tuple[str, ...] = ()
    undelivered: int = 0
    alarm: str = ""
    busy: bool = False
    held: bool = False

    @property
    def incomplete(self) -> bool:
        """Say whether a mail waits or was lost, or a notice lost its reader and has no other: somebody must look."""
        lost = self.notices.get(NoticeState.FAILED) or self.notices.get(NoticeState.OWED)
        return bool(self.alarm or self.undelivered or lost)


@dataclass(frozen=True, kw_only=True)
class Job:
    """One delivery under way. `touched` are the notices it settled, `tried` the mails it need not look at again."""

    engine: Engine
    mailer: Mailer
    calendar: WorkingCalendar
    letterhead: Letterhead
    now: datetime
    report: DeliveryReport
    trust: Trust
    immediate_only: bool = False
    touched: set[int] = field(default_factory=set)
    tried: set[int] = field(default_factory=set)

    @property
    def today(self) -> date:
        return self.report.day


def outcomes(session: Session, ids: Sequence[int]) -> dict[str, int]:
    """Count the notices by outcome."""
    found: Counter[str] = Counter()
    for part in chunks(ids):
        rows = session.execute(
            select_rows(col(Notice.state), func.count()).where(col(Notice.id).in_(part)).group_by(col(Notice.state))
        )
        found.update({str(state): count for state, count in rows})
    return dict(found)


def notice_lines(session: Session, ids: Sequence[int]) -> list[Line]:
    """Return the first of the notices with their lasting names and outcomes."""
    notices = [
        notice
        for part in chunks(ids[:_SHOWN])
        for notice in session.exec(select(Notice).where(col(Notice.id).in_(part)).order_by(col(Notice.id)))
    ]
    facts = {fact.id: fact for fact in facts_for(session, sorted({n.assignment_id for n in notices}))}
    names = names_of(session, facts.values())
    return [
        Line(
            notice=f"{names[notice.assignment_id]}/v{notice.version}/{notice.rung}/{notice.audience}",
            unit=facts[notice.assignment_id].unit_name,
            outcome=notice.state,
            reason=notice.reason,
        )
        for notice in notices
    ]


def names_of(session: Session, facts: Iterable[Fact]) -> dict[int, str]:
    """Return the lasting names of many assignments, by id."""
    cycles = {
        cycle.id: (plan, cycle.year)
        for cycle, plan in session.exec(select(Cycle, Plan.slug).join(Plan, col(Plan.id) == Cycle.plan_id))
    }
    return {fact.id: assignment_name(*cycles[fact.cycle_id], fact) for fact in facts}
