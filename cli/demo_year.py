"""The year that the demo plays: which mornings, who hands in when, and one morning through schedule and worker."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterState, FlowRunFilterStateType
from prefect.client.schemas.objects import TERMINAL_STATES
from prefect.logging.handlers import APILogHandler
from sqlalchemy import Engine
from sqlmodel import col, select

from cli.demo_people import People
from deployments.rehearsal import fire_once
from deployments.table import deployment_name
from flows.deliver_mail import deliver_mail
from flows.follow_up import follow_up
from models import Assignment
from models.database import reading, writing
from plans.schema import CycleFile
from rules.errors import DondocError
from rules.moments import moment_at
from rules.workdays import WorkingCalendar
from services.acts import name_of
from services.assigning import current_clauses
from services.cycles import open_cycle
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
_SWEEP, _DELIVERY, _UNIT_HOUR, _OFFICE_HOUR = time(7, 5), time(8, 30), time(10, 0), time(11, 0)


class RunFailedError(DondocError):
    """A flow run of the demo failed."""


@dataclass(kw_only=True)
class Played:
    """What the demo did, for its figures and for a recount: who handed in when, and what the office decided."""

    submissions: list[dict[str, str]] = field(default_factory=list)
    decisions: list[dict[str, str]] = field(default_factory=list)
    flow_runs: int = 0
    deployments: int = 0


class DeedKind(StrEnum):
    """Units hand in and ask for time; the office accepts (or notes), returns and grants."""

    HAND_IN = "hand-in"
    HAND_IN_AGAIN = "hand-in-again"
    ASK = "ask"
    ACCEPT = "accept"
    RETURN = "returned"
    GRANT = "extended"


@dataclass(frozen=True, kw_only=True)
class Deed:
    """What somebody does through the pages on a day; `until` is the day that is asked for or decided."""

    day: date
    at: time
    kind: DeedKind
    assignment: int
    until: date | None = None


@dataclass(kw_only=True)
class DemoYear:
    """One year of one plan in a rehearsal database."""

    engine: Engine
    calendar: WorkingCalendar
    cycle: CycleFile
    cycle_text: str
    people: People
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
        deeds = self._deeds()
        special = set(self._special_days())
        through_worker = False
        for day in self._days({deed.day for deed in deeds} | special):
            tell(day.timetuple().tm_yday)
            due = self._due(day)
            if day in special:
                await self._morning(day, self._all_clauses())
            elif due and not through_worker and len(due) > 1 and day > self.opening:
                through_worker = True
                await self._scheduled_morning(day, due)
            elif due:
                await self._morning(day, due)
            for deed in deeds:
                if deed.day == day:
                    await asyncio.to_thread(self._do, deed)
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

    def _deeds(self) -> list[Deed]:
        """Say who does what when: of the communes' reports one is returned and comes again, one is given more time.

        Of the others three report a day early, one six working days late, one never. All else comes a day early.
        """
        with reading(self.engine) as session:
            rows = session.exec(
                select(Assignment).where(col(Assignment.final).is_not(None)).order_by(col(Assignment.id))
            ).all()
        reports = [row.id for row in rows if row.duty_key == YEARLY_REPORT]
        special = {reports[2]: self._returned, reports[3]: self._extended, reports[-2]: self._late, reports[-1]: _never}
        deeds = [deed for row in rows for deed in special.get(row.id, self._early)(row)]
        return sorted(deeds, key=lambda deed: (deed.day, deed.at))

    def _early(self, row: Assignment) -> list[Deed]:
        return self._handed_in(row, -1)

    def _late(self, row: Assignment) -> list[Deed]:
        return self._handed_in(row, LATE_BY)

    def _returned(self, row: Assignment) -> list[Deed]:
        """Handed in a day early, returned the same day to be completed within three working days, in after two."""
        day = self._day(row, -1)
        again = self.calendar.shift(day, 2)
        return [
            _deed(row, day, DeedKind.HAND_IN),
            _deed(row, day, DeedKind.RETURN, until=self.calendar.shift(day, 3)),
            _deed(row, again, DeedKind.HAND_IN_AGAIN),
            _deed(row, again, DeedKind.ACCEPT),
        ]

    def _extended(self, row: Assignment) -> list[Deed]:
        """More time is asked for three working days before the deadline and granted; in a day before the new one."""
        asked, until = self._day(row, -3), self._day(row, 4)
        return [
            _deed(row, asked, DeedKind.ASK, until=until),
            _deed(row, asked, DeedKind.GRANT, until=until),
            *self._handed_in(row, 3),
        ]

    def _handed_in(self, row: Assignment, offset: int) -> list[Deed]:
        day = self._day(row, offset)
        return [_deed(row, day, DeedKind.HAND_IN), _deed(row, day, DeedKind.ACCEPT)]

    def _day(self, row: Assignment, offset: int) -> date:
        assert row.final is not None
        return self.calendar.shift(row.final, offset)

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

    def _do(self, deed: Deed) -> None:
        """Let somebody act on the pages, at the played hour."""
        now = moment_at(deed.day, deed.at)
        self._set_clock(deed.day, deed.at)
        _ACTS[deed.kind](self.people, deed)
        if deed.kind in (DeedKind.HAND_IN, DeedKind.HAND_IN_AGAIN):
            self.played.submissions.append({"assignment": self._name(deed), "at": now.isoformat()})
        elif deed.kind in (DeedKind.RETURN, DeedKind.GRANT):
            assert deed.until is not None
            self.played.decisions.append(
                {
                    "assignment": self._name(deed),
                    "at": now.isoformat(),
                    "kind": deed.kind,
                    "until": deed.until.isoformat(),
                }
            )

    def _name(self, deed: Deed) -> str:
        with reading(self.engine) as session:
            return name_of(session, deed.assignment)


def _never(_row: Assignment) -> list[Deed]:
    return []


def _deed(row: Assignment, day: date, kind: DeedKind, *, until: date | None = None) -> Deed:
    """Units act at ten, the office at eleven."""
    assert row.id is not None
    by_unit = kind in (DeedKind.HAND_IN, DeedKind.HAND_IN_AGAIN, DeedKind.ASK)
    return Deed(day=day, at=_UNIT_HOUR if by_unit else _OFFICE_HOUR, kind=kind, assignment=row.id, until=until)


_ACTS: dict[DeedKind, Callable[[People, Deed], None]] = {
    DeedKind.HAND_IN: lambda people, deed: people.hand_in(deed.assignment, deed.day),
    DeedKind.HAND_IN_AGAIN: lambda people, deed: people.hand_in(deed.assignment, deed.day, again=True),
    DeedKind.ASK: lambda people, deed: people.ask_for_time(deed.assignment, deed.day, deed.until or deed.day),
    DeedKind.ACCEPT: lambda people, deed: people.accept(deed.assignment, deed.day),
    DeedKind.RETURN: lambda people, deed: people.send_back(deed.assignment, deed.day, deed.until or deed.day),
    DeedKind.GRANT: lambda people, deed: people.grant_time(deed.assignment, deed.day),
}


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
