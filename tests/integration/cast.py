"""The small fixed cast of the services' tests: communes and offices of the real plan, and what people do on a day."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from models import Assignment, Channel, Cycle, Event, Message, MessageContent, Notice, Overview, Unit
from models.database import reading, writing
from notifications.mailer import RecordingMailer
from notifications.smtp import Outcome
from plans.calendar_file import load_calendar
from plans.coverage import Checked
from plans.reading import read_cycle_text
from plans.schema import UnitsFile
from rules.moments import moment_at
from rules.workdays import WorkingCalendar
from services.acts import Document, submit
from services.cycles import open_cycle
from services.delivery import deliver
from services.delivery_job import DeliveryReport
from services.follow_up import SweepReport, follow_up
from services.letters import Letterhead
from services.plan_loading import Loaded, load_plan
from services.preview import Preview

PLAN = "konray-2022-2025"
REPORT, CONSOLIDATED = "V.4-3.a", "V.1-1.c"
DAK_KOI, DAK_PNE, TAN_LAP, OFFICE = "xa-dak-koi", "xa-dak-pne", "xa-tan-lap", "phong-ldtbxh"
COMMUNES = ("tt-dak-rve", DAK_KOI, DAK_PNE, "xa-dak-ruong", "xa-dak-to-lung", "xa-dak-to-re", TAN_LAP)
OFFICER, OFFICE_HEAD = "cong-chuc.phong-ldtbxh@konray.example", "truong-phong.phong-ldtbxh@konray.example"
CALENDAR = load_calendar(None)
YEAR_2024 = (Path(__file__).parents[2] / "examples" / "konray" / "cycles" / "2024.yaml").read_text()
LETTERHEAD = Letterhead(from_address="nhacviec@konray.example", reply_to="laodong@konray.example")

#: Days of the report that is due on Thursday, 31/10/2024; the office itself is due on 21/11/2024.
OPENING = date(2024, 10, 1)
MINUS_15, MINUS_5, DUE = date(2024, 10, 10), date(2024, 10, 24), date(2024, 10, 31)
PLUS_1, PLUS_3, PLUS_6 = date(2024, 11, 1), date(2024, 11, 5), date(2024, 11, 8)


def contact_of(unit: str) -> str:
    return OFFICER if unit == OFFICE else f"dau-moi.{unit}@konray.example"


def head_of(unit: str) -> str:
    return OFFICE_HEAD if unit == OFFICE else f"chu-tich.{unit}@konray.example"


def at(day: date, hour: int = 8, minute: int = 30) -> datetime:
    return moment_at(day, time(hour, minute))


#: The opening morning, before anything else happens.
LOADING = at(OPENING)


def load(engine: Engine, checked: Checked, *, units: UnitsFile | None = None, now: datetime = LOADING) -> Loaded:
    with writing(engine) as session:
        return load_plan(
            session, checked.plan, units or checked.units, source_text=checked.source_text, now=now, actor="test"
        )


def open_year(
    engine: Engine,
    day: date = OPENING,
    *,
    text: str = YEAR_2024,
    apply: bool = True,
    calendar: WorkingCalendar = CALENDAR,
    overviews: bool = False,
) -> Preview:
    with writing(engine) as session:
        if apply and not overviews:
            _told_of_every_week(session)
        return open_cycle(
            session, read_cycle_text(text), text, now=at(day, 7, 0), calendar=calendar, actor="test", apply=apply
        )


def _told_of_every_week(session: Session) -> None:
    """The office's weekly overview is a matter of its own: elsewhere it is told already."""
    office = session.exec(select(Unit).where(Unit.slug == OFFICE)).one()
    if session.exec(select(Overview.id)).first() is None:
        monday = date(2024, 1, 1)
        session.add_all(Overview(unit_id=office.id, week=monday + timedelta(weeks=n)) for n in range(160))


def sweep(
    engine: Engine, day: date, *clauses: str, calendar: WorkingCalendar = CALENDAR, hour: int = 7
) -> list[SweepReport]:
    """Sweep the communes' report, or the clauses that are named."""
    return [
        follow_up(engine, plan=PLAN, clause=clause, now=at(day, hour, 5), calendar=calendar)
        for clause in clauses or ("V.4-3",)
    ]


async def deliver_at(engine: Engine, now: datetime, mailer: RecordingMailer, **given: Any) -> DeliveryReport:
    async with mailer:
        return await deliver(engine, mailer=mailer, calendar=CALENDAR, letterhead=LETTERHEAD, now=now, **given)


async def morning(engine: Engine, day: date, *clauses: str, mailer: RecordingMailer | None = None) -> RecordingMailer:
    """Sweep and deliver, as every morning does; the hour is past half past eight, so that no other clause is missed."""
    client = mailer or RecordingMailer()
    sweep(engine, day, *clauses)
    await deliver_at(engine, at(day), client)
    return client


def hand_in(engine: Engine, unit: str, day: date, *, duty: str = REPORT, hour: int = 10) -> None:
    document = Document(number="45/BC-UBND", dated=day, arrived_on=day)
    with writing(engine) as session:
        submit(
            session,
            number_of(engine, unit, duty=duty),
            document=document,
            channel=Channel.HANDED_IN,
            actor="test",
            now=at(day, hour, 0),
        )


def assignments(engine: Engine, unit: str, *, duty: str = REPORT, year: int = 2024) -> list[Assignment]:
    with reading(engine) as session:
        return list(
            session.exec(
                select(Assignment)
                .join(Unit, col(Unit.id) == Assignment.unit_id)
                .join(Cycle, col(Cycle.id) == Assignment.cycle_id)
                .where(Unit.slug == unit, Assignment.duty_key == duty, Cycle.year == year)
                .order_by(col(Assignment.recipient))
            ).all()
        )


def assignment(engine: Engine, unit: str, *, duty: str = REPORT, year: int = 2024) -> Assignment:
    (found,) = assignments(engine, unit, duty=duty, year=year)
    return found


def number_of(engine: Engine, unit: str, *, duty: str = REPORT) -> int:
    identifier = assignment(engine, unit, duty=duty).id
    assert identifier is not None
    return identifier


def notices(engine: Engine, unit: str, *, duty: str = REPORT) -> list[str]:
    """Return a unit's notices in the order of their days, as `v1 +3 office-head sent`."""
    ids = [found.id for found in assignments(engine, unit, duty=duty)]
    with reading(engine) as session:
        rows = session.exec(
            select(Notice)
            .where(col(Notice.assignment_id).in_(ids))
            .order_by(col(Notice.version), col(Notice.due_on), col(Notice.id))
        ).all()
    return [" ".join(filter(None, (f"v{r.version}", r.rung, r.audience, r.state, r.reason))) for r in rows]


def outcomes(engine: Engine) -> Counter[str]:
    with reading(engine) as session:
        return Counter(str(state) for state in session.exec(select(Notice.state)))


def messages(engine: Engine) -> list[Message]:
    with reading(engine) as session:
        return list(session.exec(select(Message).order_by(col(Message.id))).all())


def content_of(engine: Engine, message: Message) -> bytes | None:
    """Return the bytes of a mail, or None once it is settled."""
    with reading(engine) as session:
        kept = session.get(MessageContent, message.id)
        return kept and kept.content


def events(engine: Engine, action: str) -> list[Event]:
    with reading(engine) as session:
        return list(session.exec(select(Event).where(Event.action == action).order_by(col(Event.id))).all())


def everything(engine: Engine) -> dict[str, list[tuple[object, ...]]]:
    """Return every row of every table: two equal answers mean that nothing was written between them."""
    from sqlmodel import SQLModel  # noqa: PLC0415 - the tables are known once the models are imported

    with engine.connect() as connection:
        return {
            table.name: sorted(map(tuple, connection.execute(table.select())), key=repr)
            for table in SQLModel.metadata.sorted_tables
        }


def recipients(mailer: RecordingMailer) -> list[str]:
    return [recipient for recipient, _ in mailer.sent]


def mail_to(mailer: RecordingMailer, address: str) -> EmailMessage:
    (content,) = [content for recipient, content in mailer.sent if recipient == address]
    return message_from_bytes(content, policy=policy.default)


def both(mail: EmailMessage) -> list[str]:
    """Return what a reader sees, as text and as HTML, white space collapsed."""
    bodies = [mail.get_body((kind,)) for kind in ("plain", "html")]
    return [" ".join(body.get_content().split()) for body in bodies if body is not None]


@dataclass
class WatchedMailer(RecordingMailer):
    """Keeps every attempt; before the first one something may happen elsewhere, so that a mail becomes moot waiting."""

    attempts: list[tuple[str, bytes]] = field(default_factory=list)
    meanwhile: list[Callable[[], None]] = field(default_factory=list)

    async def send(self, *, sender: str, recipient: str, content: bytes) -> Outcome:
        self.attempts.append((recipient, content))
        if self.meanwhile:
            self.meanwhile.pop()()
        return await super().send(sender=sender, recipient=recipient, content=content)

    def attempted(self, recipient: str) -> list[bytes]:
        return [content for address, content in self.attempts if address == recipient]


def with_clause(checked: Checked, clause: str, **changes: object) -> Checked:
    """Return the plan with one clause changed."""
    entries = tuple(
        entry.model_copy(update=changes) if entry.id == clause else entry for entry in checked.plan.responsibilities
    )
    return replace(checked, plan=checked.plan.model_copy(update={"responsibilities": entries}))


def with_unit(checked: Checked, slug: str, **changes: object) -> UnitsFile:
    """Return the units with one of them changed."""
    units = tuple(u.model_copy(update=changes) if u.slug == slug else u for u in checked.units.units)
    return checked.units.model_copy(update={"units": units})


def with_members(checked: Checked, group: str, *members: object) -> UnitsFile:
    """Return the units with these members added to a group."""
    groups = tuple(
        g.model_copy(update={"members": (*g.members, *members)}) if g.slug == group else g for g in checked.units.groups
    )
    return checked.units.model_copy(update={"groups": groups})
