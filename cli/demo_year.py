"""The year that the demo plays: which mornings, who hands in when, and one morning through schedule and worker."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterState, FlowRunFilterStateType
from prefect.client.schemas.objects import TERMINAL_STATES
from prefect.logging.handlers import APILogHandler
from sqlalchemy import Engine
from sqlmodel import col, select

from deployments.rehearsal import fire_once
from deployments.table import deployment_name
from flows.deliver_mail import deliver_mail
from flows.follow_up import follow_up
from models import Assignment, Channel
from models.database import reading, writing
from plans.schema import CycleFile
from rules.errors import DondocError
from rules.lifecycle import Act
from rules.moments import moment_at
from rules.workdays import WorkingCalendar
from services.acts import Document, decide_submission, submit
from services.assigning import current_clauses
from services.cycles import open_cycle
from services.directory import office_on
from services.finding import find_plan
from services.installation import set_clock
from services.playing import due_clauses, next_day

#: The report by which the demo shows escalation: the communes' yearly report.
YEARLY_REPORT = "V.4-3.a"
LATE_BY = 6
#: The schedule fires this many seconds ahead: the scheduler looks at changed deployments every five.
_AHEAD = timedelta(seconds=10)
_POLL_SECONDS = 0.5
_OPENING = (1, 8)
_SWEEP, _DELIVERY, _OFFICE_HOURS = time(7, 5), time(8, 30), time(10, 0)


class RunFailedError(DondocError):
    """A flow run of the demo failed."""


@dataclass(kw_only=True)
class Played:
    """What the demo did, for its figures and for a recount."""

    submissions: list[dict[str, str]] = field(default_factory=list)
    flow_runs: int = 0
    deployments: int = 0


@dataclass(frozen=True, kw_only=True)
class HandIn:
    """A report that comes on a day, at ten in the morning; `assignment` is its number, `act` what the office may do."""

    day: date
    assignment: int
    act: Act


@dataclass(kw_only=True)
class DemoYear:
    """One year of one plan in a rehearsal database."""

    engine: Engine
    calendar: WorkingCalendar
    cycle: CycleFile
    cycle_text: str
    played: Played = field(default_factory=Played)

    @property
    def opening(self) -> date:
        return self.calendar.on_or_after(date(self.cycle.year, *_OPENING))

    def open(self) -> None:
        """Open the year on its first morning; the database's clock starts there."""
        now = moment_at(self.opening, time(7, 0))
        with writing(self.engine) as session:
            set_clock(session, now)
            open_cycle(session, self.cycle, self.cycle_text, now=now, calendar=self.calendar, actor="demo", apply=True)

    async def play(self, tell: Callable[[int], None]) -> Played:
        """Play every day on which something happens, the last being the last on which anything can be owed."""
        hand_ins = self._hand_ins()
        special = set(self._special_days())
        through_worker = False
        for day in self._days({hand_in.day for hand_in in hand_ins} | special):
            tell(day.timetuple().tm_yday)
            due = self._due(day)
            if day in special:
                await self._morning(day, self._all_clauses())
            elif due and not through_worker and len(due) > 1 and day > self.opening:
                through_worker = True
                await self._scheduled_morning(day, due)
            elif due:
                await self._morning(day, due)
            for hand_in in hand_ins:
                if hand_in.day == day:
                    self._hand_in(hand_in)
        await APILogHandler.aflush()
        self.played.flow_runs = await _count_flow_runs()
        return self.played

    def _days(self, fixed: set[date]) -> Iterator[date]:
        """Yield the days in order; what is owed next is asked anew each day, since each day can change it."""
        day: date | None = self.opening
        while day is not None:
            yield day
            with reading(self.engine) as session:
                owed = next_day(session, day)
            later = [one for one in fixed if one > day] + ([owed] if owed else [])
            day = min(later, default=None)

    def _special_days(self) -> Iterator[date]:
        """Yield a weekend day, a weekday that is a holiday and a make-up Saturday: all responsibilities run."""
        start = self.opening
        days = [start + timedelta(days=n) for n in range((date(self.cycle.year, 12, 31) - start).days + 1)]
        saturdays = [day for day in days if day.weekday() == 5]  # noqa: PLR2004 - Saturday
        yield next(day for day in saturdays if not self.calendar.is_working(day))
        yield next(day for day in days if day.weekday() < 5 and not self.calendar.is_working(day))  # noqa: PLR2004
        yield from (day for day in saturdays if self.calendar.is_working(day))

    def _hand_ins(self) -> list[HandIn]:
        """Five communes report one day early, one six working days late, one never; the rest comes a day early."""
        with reading(self.engine) as session:
            rows = session.exec(
                select(Assignment).where(col(Assignment.final).is_not(None)).order_by(col(Assignment.id))
            ).all()
            office = office_on(session, find_plan(session, self.cycle.plan).id or 0, self.opening)
        reports = [row for row in rows if row.duty_key == YEARLY_REPORT]
        late, silent = reports[-2:]
        return [
            self._planned(row, LATE_BY if row is late else -1, office.slug if office else "")
            for row in rows
            if row is not silent
        ]

    def _planned(self, row: Assignment, offset: int, office: str) -> HandIn:
        assert row.id is not None
        assert row.final is not None
        act = Act.ACCEPT if row.addressed_to in ("", office) else Act.NOTE
        return HandIn(day=self.calendar.shift(row.final, offset), assignment=row.id, act=act)

    def _due(self, day: date) -> list[tuple[str, str]]:
        with reading(self.engine) as session:
            return due_clauses(session, day) if self.calendar.is_working(day) else []

    def _all_clauses(self) -> list[tuple[str, str]]:
        with reading(self.engine) as session:
            plan = find_plan(session, self.cycle.plan)
            return [(plan.slug, clause.clause) for clause in current_clauses(session, plan.id or 0)]

    def _set_clock(self, day: date, at: time) -> None:
        with writing(self.engine) as session:
            set_clock(session, moment_at(day, at))

    async def _morning(self, day: date, clauses: list[tuple[str, str]]) -> None:
        self._set_clock(day, _SWEEP)
        for plan, clause in clauses:
            await follow_up(plan=plan, responsibility=clause)
        self._set_clock(day, _DELIVERY)
        await deliver_mail()

    async def _scheduled_morning(self, day: date, clauses: list[tuple[str, str]]) -> None:
        """The same morning as any day in earnest: the schedule makes the runs, the worker takes them."""
        self._set_clock(day, _SWEEP)
        at = datetime.now(UTC) + _AHEAD
        names = [f"follow_up/{deployment_name(plan, clause)}" for plan, clause in clauses]
        await _finished(await asyncio.gather(*(fire_once(name, at=at) for name in names)))
        self._set_clock(day, _DELIVERY)
        await _finished([await fire_once("deliver_mail/deliver-mail", at=datetime.now(UTC) + _AHEAD)])

    def _hand_in(self, hand_in: HandIn) -> None:
        """Hand in at ten; the labour office accepts at once what is addressed to it."""
        now = moment_at(hand_in.day, _OFFICE_HOURS)
        document = Document(number="", dated=hand_in.day, arrived_on=hand_in.day)
        with writing(self.engine) as session:
            set_clock(session, now)
            name = submit(
                session, hand_in.assignment, document=document, channel=Channel.HANDED_IN, actor="demo", now=now
            )
            decide_submission(session, hand_in.assignment, hand_in.act, acting=None, actor="demo", now=now)
        self.played.submissions.append({"assignment": name, "at": now.isoformat()})


async def _finished(runs: list[UUID]) -> None:
    """Wait until the worker has finished these runs; one that did not complete ends the demo."""
    async with get_client() as client:
        for identifier in runs:
            run = await client.read_flow_run(identifier)
            while run.state is None or not run.state.is_final():
                await asyncio.sleep(_POLL_SECONDS)
                run = await client.read_flow_run(identifier)
            if not run.state.is_completed():
                raise RunFailedError(f"the flow run {run.name} ended as {run.state.name}: {run.state.message}")


async def _count_flow_runs() -> int:
    """Count the runs that ended: those still to come are not the demo's."""
    ended = FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[*TERMINAL_STATES])))
    async with get_client() as client:
        return await client.count_flow_runs(flow_run_filter=ended)
