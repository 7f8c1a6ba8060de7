"""A random history of a year: mornings, silences, reports, returns, more time, changed dates, days off, colleagues.

After every morning each mail is checked against what is stored, and the days a mail tells against a count of our own:
nobody is mailed who has nothing due, no rung comes twice, nobody gets two morning mails on a day, no date is wrong.
"""

import asyncio
import multiprocessing
import os
import shutil
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from email import message_from_bytes, policy
from functools import cache
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as hypothesis_seed
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlmodel import col, select

from models import Assignment, Channel, Contact, Cycle, DeadlineVersion, Mode, Notice, Plan, Unit
from models.database import make_engine, reading, writing
from models.tables import ASSIGNMENT
from notifications.content import Language
from notifications.dates import short_day
from notifications.mailer import RecordingMailer
from notifications.smtp import Outcome, OutcomeKind
from plans.coverage import check
from rules.deadlines import DueRule, Form, recalculated_deadline
from rules.errors import DondocError
from rules.ladder import decide
from rules.lifecycle import WAITING, Act
from rules.workdays import DayOverride, WorkingCalendar
from services.acts import Document, decide_submission, extend, record_letter, send_back, submit
from services.answers import acknowledge, expect
from services.cases import Cases, case_rows, recorded_notices
from services.cycles import change_deadline
from services.deadlines import deadline_of
from services.delivery import deliver
from services.delivery_job import DeliveryReport
from services.facts import facts_for
from services.finding import assignment_name
from services.follow_up import follow_up
from services.installation import make
from services.links import UnitVisitor, staff_by_address
from services.notes import Desk, send_sign_in
from services.people import pass_on
from tests.chaos.kills import PLAN_FILE
from tests.integration import cast

UNITS = cast.COMMUNES[:3]
NO_MAILBOX = Outcome(kind=OutcomeKind.UNREACHABLE, code=550, detail="5.1.1 no such mailbox")
#: What a mail server says, or does not, while something is wrong with it.
FAULTS = (
    Outcome(kind=OutcomeKind.DOWN, detail="no connection"),
    Outcome(kind=OutcomeKind.DEFERRED, code=451, detail="4.3.2 try again later"),
    Outcome(kind=OutcomeKind.UNCERTAIN, detail="connection lost"),
    Outcome(kind=OutcomeKind.REFUSED, code=554, detail="5.7.1 relay access denied"),
)
_PAGES = replace(cast.LETTERHEAD, public_url="https://dondoc.example")
_DAYS = st.integers(0, 20)
_UNIT = st.sampled_from(UNITS)
#: What can happen; the number is in days, and counts from the day on which the history has arrived.
STEPS = st.one_of(
    st.tuples(st.just("morning"), st.integers(0, 12)),
    st.tuples(st.just("silence"), st.integers(1, 30)),
    st.tuples(st.just("mail server at fault"), st.integers(1, 10), st.sampled_from(FAULTS)),
    st.tuples(st.just("mailbox gone"), _UNIT),
    st.tuples(st.just("hand in"), _UNIT),
    st.tuples(st.just("accept"), _UNIT),
    st.tuples(st.just("return"), _UNIT, _DAYS),
    st.tuples(st.just("extend"), _UNIT, _DAYS),
    st.tuples(st.just("letter"), _UNIT),
    st.tuples(st.just("expect"), _UNIT, _DAYS),
    st.tuples(st.just("acknowledge"), _UNIT),
    st.tuples(st.just("pass on"), _UNIT),
    st.tuples(st.just("change the date"), _DAYS),
    st.tuples(st.just("day off"), _DAYS),
)
HISTORIES = st.lists(STEPS, min_size=3, max_size=14)
#: So many histories have a seed in common.
_SLICE = 50


@contextmanager
def opened(folder: Path) -> Iterator[Path]:
    """Yield a database in which the year is open, to be copied for each history."""
    file = folder / "opened.db"
    engine = make_engine(f"sqlite:///{file}")
    make(engine, mode=Mode.EARNEST, now=cast.LOADING)
    cast.load(engine, check(PLAN_FILE))
    cast.open_year(engine)
    engine.dispose()
    yield file


def play(template: Path, steps: list[tuple]) -> int:
    """Play one history on a copy of the opened year; returns how many mails went out."""
    file = template.with_name("history.db")
    engine = _engine(file)
    for suffix in ("-wal", "-shm"):
        Path(f"{file}{suffix}").unlink(missing_ok=True)
    shutil.copyfile(template, file)
    try:
        history = History(engine)
        for step in (*steps, ("morning", 0), ("morning", 7)):
            history.do(*step)
        history.nothing_is_forgotten()
        return len(history.mailer.sent)
    finally:
        engine.dispose()


@cache
def _engine(file: Path) -> Engine:
    """Keep one engine for all histories: a new one would compile each statement anew."""
    return make_engine(f"sqlite:///{file}")


def play_many(folder: Path, *, histories: int, seed: int, processes: int = 1) -> int:
    """Play so many histories and return how many mails they sent; the first fault is raised.

    They are played in slices, each with a seed of its own, which the processes take one after the other: the same seed
    plays the same histories, however many processes there are. After each slice a line on stderr tells how far it is.
    """
    slices = [min(_SLICE, histories - start) for start in range(0, histories, _SLICE)]
    mails, done = 0, 0
    with (
        opened(folder) as template,
        ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool,
    ):
        playing = {pool.submit(_play_slice, template, size, seed + number): size for number, size in enumerate(slices)}
        for one in as_completed(playing):
            try:
                mails += one.result()
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
            done += playing[one]
            sys.stderr.write(f"{done:,} of {histories:,} random years played, {mails:,} mails\n")
    return mails


def _play_slice(template: Path, histories: int, seed: int) -> int:
    mails = 0
    folder = template.parent / f"process-{os.getpid()}"
    folder.mkdir(exist_ok=True)
    own = shutil.copyfile(template, folder / template.name)

    @hypothesis_seed(seed)
    @settings(
        max_examples=histories,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(steps=HISTORIES)
    def played(steps: list[tuple]) -> None:
        nonlocal mails
        mails += play(own, steps)

    played()
    return mails


@dataclass
class _Server(RecordingMailer):
    """A mail server that can be at fault for everybody."""

    fault: Outcome | None = None

    async def send(self, *, sender: str, recipient: str, content: bytes) -> Outcome:
        return self.fault or await super().send(sender=sender, recipient=recipient, content=content)


@dataclass
class History:
    """Where a history has arrived, and what was seen of it."""

    engine: Engine
    day: date = cast.OPENING
    days_off: list[date] = field(default_factory=list)
    mailer: _Server = field(default_factory=_Server)
    told: dict[str, str] = field(default_factory=dict)
    mornings: set[tuple[str, date]] = field(default_factory=set)

    def do(self, step: str, *given: object) -> None:
        getattr(self, {"return": "return_"}.get(step, step.replace(" ", "_")))(*given)

    @property
    def calendar(self) -> WorkingCalendar:
        return WorkingCalendar([DayOverride(day=day, working=False, basis="Thông báo số 9") for day in self.days_off])

    def morning(self, days: int) -> None:
        self.day += timedelta(days=days)
        self._sweep()
        self._deliver()

    def silence(self, days: int) -> None:
        self.day += timedelta(days=days)

    def mail_server_at_fault(self, days: int, fault: Outcome) -> None:
        for _ in range(days):
            self.day += timedelta(days=1)
            self._sweep()
            self.mailer.fault = fault
            for minute in (31, 36):  # mails begin at half past eight, for other responsibilities are not looked at
                asyncio.run(self._send(8, minute))
            self.mailer.fault = None

    def mailbox_gone(self, unit: str) -> None:
        self.mailer.answers[cast.contact_of(unit)] = NO_MAILBOX

    def hand_in(self, unit: str) -> None:
        document = Document(number="45/BC-UBND", dated=self.day, arrived_on=self.day)
        self._act(
            lambda session, number: submit(
                session, number, document=document, channel=Channel.HANDED_IN, actor="test", now=self._now(10)
            ),
            unit,
        )

    def accept(self, unit: str) -> None:
        self._act(
            lambda session, number: decide_submission(
                session, number, Act.ACCEPT, acting=None, actor="test", now=self._now(11)
            ),
            unit,
        )

    def return_(self, unit: str, days: int) -> None:
        again = self.day + timedelta(days=days)
        self._act(
            lambda session, number: send_back(
                session, number, comment="Bổ sung biểu số liệu", again_by=again, acting=None, actor="test",
                now=self._now(11), calendar=self.calendar,
            ),
            unit,
        )  # fmt: skip

    def extend(self, unit: str, days: int) -> None:
        until = self.day + timedelta(days=days)
        self._act(
            lambda session, number: extend(
                session, number, until=until, basis="Công văn số 3", acting=None, actor="test", now=self._now(14),
                calendar=self.calendar,
            ),
            unit,
        )  # fmt: skip

    def letter(self, unit: str) -> None:
        self._act(
            lambda session, number: record_letter(
                session, number, number="7/LĐTBXH", sent_on=self.day, actor="test", now=self._now(14),
                calendar=self.calendar,
            ),
            unit,
        )  # fmt: skip

    def expect(self, unit: str, days: int) -> None:
        day = self.day + timedelta(days=days)
        self._act(
            lambda session, number: expect(
                session,
                self._visitor(session, unit),
                number,
                on=day,
                reason="chờ số liệu",
                desk=self._desk(),
                once=None,
            ),
            unit,
        )

    def acknowledge(self, unit: str) -> None:
        self._act(
            lambda session, _: acknowledge(session, self._visitor(session, unit), desk=self._desk(), once=None), unit
        )

    def pass_on(self, unit: str) -> None:
        self._act(
            lambda session, number: pass_on(
                session, self._visitor(session, unit), number, address=f"chuyen-mon.{unit}@konray.example",
                title="Công chức Văn hóa - xã hội", desk=self._desk(), once=None,
            ),
            unit,
        )  # fmt: skip

    def change_the_date(self, days: int) -> None:
        rule = DueRule(form=Form.LATEST, written=self.day + timedelta(days=days), basis="Công văn số 20/LĐTBXH")
        with suppress(DondocError), writing(self.engine) as session:
            change_deadline(
                session, plan=cast.PLAN, year=2024, key=(cast.REPORT, "", "2024"), rule=rule, now=self._now(15),
                calendar=self.calendar, actor="test",
            )  # fmt: skip

    def day_off(self, days: int) -> None:
        self.days_off.append(self.day + timedelta(days=days))

    def nothing_is_forgotten(self) -> None:
        """After a morning the rules owe nothing that is not recorded, and nothing recorded waits without a reason."""
        if not self.calendar.is_working(self.day):
            return
        with reading(self.engine) as session:
            plan, of_clause = session.exec(select(Plan)).one(), ASSIGNMENT.c.clause == "V.4-3"
            recorded = recorded_notices(session, of_clause)
            for case, rows in Cases(session, plan.id, self.day).alike(case_rows(session, of_clause), recorded):
                owed = decide(case, self.day, self.calendar).owe
                assert not owed, (
                    f"units {[row.unit_id for row in rows]} are owed {owed} after the morning of {self.day}"
                )
            failed = session.exec(select(Notice).where(Notice.state == "failed")).all()
            assert not failed, f"{failed[0].rung} to the {failed[0].audience} was told to nobody, though its head reads"
            waiting = session.exec(
                select(Notice, Assignment).join(Assignment).where(Notice.state == "owed", Assignment.clause == "V.4-3")
            ).all()
            for notice, assignment in waiting:
                unit = session.get_one(Unit, assignment.unit_id).slug
                if cast.contact_of(unit) in self.mailer.answers and (cast.head_of(unit), self.day) in self.mornings:
                    continue  # its head reads instead, and has had his mail of the day
                rests = max(assignment.resting_until or date.min, assignment.answered_until or date.min)
                assert rests >= self.day, f"{notice.rung} of {assignment.unit_name} was left on {self.day}"

    def _now(self, hour: int):
        return cast.at(self.day, hour)

    def _desk(self, hour: int = 13) -> Desk:
        return Desk(letterhead=_PAGES, now=self._now(hour))

    def _visitor(self, session, unit: str) -> UnitVisitor:
        found = session.exec(select(Unit).where(Unit.slug == unit)).one()
        contact = session.exec(select(Contact).where(Contact.unit_id == found.id).order_by(col(Contact.id))).first()
        return UnitVisitor(contact=contact, unit=found, link_id=0)

    def _act(self, act, unit: str) -> None:
        """Do what the rules allow just now; what they refuse changes nothing."""
        with suppress(DondocError), writing(self.engine) as session:
            act(session, cast.number_of(self.engine, unit))

    def _sweep(self) -> None:
        follow_up(self.engine, plan=cast.PLAN, clause="V.4-3", now=self._now(7), calendar=self.calendar)

    def _deliver(self) -> None:
        seen = len(self.mailer.sent)
        if asyncio.run(self._send(8, 40)).alarm:
            # Of these few units all mailboxes are gone. The server is believed once it takes a mail, as here a link.
            with writing(self.engine) as session:
                send_sign_in(session, self._desk(9), staff_by_address(session, cast.OFFICER, now=self._now(9)))
            asyncio.run(self._send(9, 10))
        if fresh := self.mailer.sent[seen:]:
            with reading(self.engine) as session:
                by_name = _by_name(session)
                for address, content in fresh:
                    self._check(session, address, content, by_name)

    async def _send(self, hour: int, minute: int) -> DeliveryReport:
        async with self.mailer as mailer:
            return await deliver(
                self.engine, mailer=mailer, calendar=self.calendar, letterhead=cast.LETTERHEAD,
                now=cast.at(self.day, hour, minute),
            )  # fmt: skip

    def _check(self, session, address: str, content: bytes, by_name) -> None:
        mail = message_from_bytes(content, policy=policy.default)
        text = " ".join(mail.get_body(("plain",)).get_content().split())
        keys = [key.strip() for key in mail.get_all("X-Dondoc-Notice") or ()]
        if mail["X-Dondoc-Kind"] == "morning":
            assert self.calendar.is_working(self.day), f"a morning mail on {self.day}"
            assert (address, self.day) not in self.mornings, f"two morning mails to {address} on {self.day}"
            self.mornings.add((address, self.day))
        for key in keys:
            assert key not in self.told, f"{key} came twice: on {self.told[key]} and {self.day}"
            self.told[key] = f"{self.day}"
            name, version, rung, _ = key.rsplit("/", 3)
            assignment = by_name[name]
            assert assignment.state in WAITING, f"{key} on {self.day}, though it is {assignment.state}"
            assert version == f"v{assignment.version}", f"{key} speaks of an old date"
            if assignment.final is not None and rung != "invited":
                assert short_day(assignment.final, Language.VI) in text, f"{key} does not tell {assignment.final}"
                assert assignment.final == self._derived(session, assignment), f"{assignment.final} has no reason"

    def _derived(self, session, assignment: Assignment) -> date:
        """Return the date again from the decisions that are stored and the calendar of today."""
        version = session.exec(
            select(DeadlineVersion).where(
                DeadlineVersion.assignment_id == assignment.id, DeadlineVersion.version == assignment.version
            )
        ).one()
        plan = session.get_one(Plan, assignment.plan_id)
        return recalculated_deadline(deadline_of(version), self.calendar, plan.roll).final


def _by_name(session) -> dict[str, Assignment]:
    years = {cycle.id: cycle.year for cycle in session.exec(select(Cycle))}
    assignments = {assignment.id: assignment for assignment in session.exec(select(Assignment))}
    return {
        assignment_name(cast.PLAN, years[fact.cycle_id], fact): assignments[fact.id]
        for fact in facts_for(session, list(assignments))
    }
