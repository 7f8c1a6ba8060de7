"""What happened in a year: every notice with its mail, and the figures that must be nought."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func
from sqlalchemy import select as select_rows
from sqlmodel import Session, col, select

from models import Assignment, Message, Notice, Submission
from rules.moments import local_date
from rules.vocabulary import Audience, MessageKind, MessageState, NoticeState
from rules.workdays import WorkingCalendar
from services.delivery import Line, notice_lines


@dataclass(frozen=True, kw_only=True)
class Figures:
    """`notices` by outcome. The last three are promises: they must be nought."""

    assignments: int
    mails: int
    notices: dict[str, int]
    escalations: int
    duplicates: int
    mails_after_report: int
    mails_on_days_off: int


@dataclass(frozen=True, kw_only=True)
class Row:
    """One notice of the year, for the table: who got what, when, why."""

    sent: date | None
    address: str
    line: Line


def figures(session: Session, calendar: WorkingCalendar) -> Figures:
    """Add up the whole database."""
    outcomes = session.execute(select(Notice.state, func.count()).group_by(col(Notice.state)))
    sent = session.exec(select(Message).where(Message.state == MessageState.SENT)).all()
    mornings = Counter((mail.address, mail.local_date) for mail in sent if mail.kind is MessageKind.MORNING)
    return Figures(
        assignments=session.exec(select(func.count()).select_from(Assignment)).one(),
        mails=len(sent),
        notices={str(state): 0 for state in NoticeState} | {str(state): count for state, count in outcomes},
        escalations=_count_sent(session, Audience.OFFICE_HEAD),
        duplicates=sum(count - 1 for count in mornings.values()),
        mails_after_report=_after_report(session),
        mails_on_days_off=sum(
            mail.kind is MessageKind.MORNING and not calendar.is_working(mail.local_date) for mail in sent
        ),
    )


def _count_sent(session: Session, audience: Audience) -> int:
    return session.exec(
        select(func.count()).select_from(Notice).where(Notice.audience == audience, Notice.state == NoticeState.SENT)
    ).one()


def _after_report(session: Session) -> int:
    """Count the notices to a unit that went out after it had handed in, under the same deadline version."""
    rows = session.execute(
        select(Message.settled_at, func.min(Submission.made_at))
        .select_from(Notice)
        .join(Message, col(Message.id) == Notice.message_id)
        .join(Assignment, col(Assignment.id) == Notice.assignment_id)
        .join(Submission, col(Submission.assignment_id) == Assignment.id)
        .where(Notice.state == NoticeState.SENT, Notice.version == Assignment.version)
        .group_by(col(Notice.id), col(Message.settled_at))
    )
    return sum(_moment(mailed) > _moment(handed_in) for mailed, handed_in in rows)


def _moment(value: datetime) -> float:
    return value.timestamp()


def year_table(session: Session) -> Sequence[Row]:
    """Return every notice in the order of the mails; those that were never mailed come where they were recorded."""
    rows = session.execute(
        select_rows(col(Notice.id), col(Notice.settled_at), col(Notice.made_on), col(Message.address))
        .join(Message, col(Message.id) == Notice.message_id, isouter=True)
        .order_by(col(Notice.id))
    ).all()
    lines = notice_lines(session, [row[0] or 0 for row in rows])
    table = [
        Row(sent=local_date(settled) if settled and address else made_on, address=address or "–", line=line)
        for (_, settled, made_on, address), line in zip(rows, lines, strict=True)
    ]
    return sorted(table, key=lambda row: row.sent or date.min)
