"""What happened in a year: every notice with its mail, and the figures that must be nought."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import func, or_
from sqlalchemy import select as select_rows
from sqlmodel import Session, col, select

from models import Assignment, DeadlineVersion, Duty, Message, Notice, Submission
from rules.vocabulary import Audience, MessageKind, MessageState, NoticeState
from rules.workdays import WorkingCalendar

#: Rungs that mark the start of something; all others count the days to or from a deadline.
STARTS = frozenset({"opened", "changed", "invited"})


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
    """What one address got on one day for one reason, for the table: who got what, when, why, and what became of it."""

    day: date
    address: str
    what: tuple[tuple[str, str], ...]  # duty and unit
    rung: str
    audience: Audience
    final: date | None
    outcome: NoticeState
    reason: str


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
    """Count the notices to a unit that went out after it had handed in, under the same deadline version.

    What was handed in before a version came to be (and was returned) does not end that version's reminders.
    """
    rows = session.execute(
        select(Message.settled_at, func.min(Submission.made_at))
        .select_from(Notice)
        .join(Message, col(Message.id) == Notice.message_id)
        .join(
            DeadlineVersion,
            (col(DeadlineVersion.assignment_id) == Notice.assignment_id)
            & (col(DeadlineVersion.version) == Notice.version),
            isouter=True,
        )
        .join(Submission, col(Submission.assignment_id) == Notice.assignment_id)
        .where(
            Notice.state == NoticeState.SENT,
            or_(col(DeadlineVersion.made_at).is_(None), col(Submission.made_at) > col(DeadlineVersion.made_at)),
        )
        .group_by(col(Notice.id), col(Message.settled_at))
    )
    return sum(_moment(mailed) > _moment(handed_in) for mailed, handed_in in rows)


def _moment(value: datetime) -> float:
    return value.timestamp()


def year_table(session: Session) -> list[Row]:
    """Return the year's notices in the order of the mails, those of one mail and one rung together."""
    rows = session.execute(
        select_rows(Notice, Assignment, Duty, Message)
        .join(Assignment, col(Assignment.id) == Notice.assignment_id)
        .join(
            Duty,
            (col(Duty.responsibility_id) == Assignment.responsibility_id) & (col(Duty.key) == Assignment.duty_key),
        )
        .join(Message, col(Message.id) == Notice.message_id, isouter=True)
        .order_by(col(Notice.id))
    )
    grouped: dict[Row, list[tuple[str, str]]] = {}
    for notice, assignment, duty, message in rows:
        row = Row(
            day=message.local_date if message else notice.made_on,
            address=message.address if message else "",
            what=(),
            rung=notice.rung,
            audience=notice.audience,
            final=None if notice.rung in STARTS else assignment.final,
            outcome=notice.state,
            reason=notice.reason,
        )
        grouped.setdefault(row, []).append((assignment.title or duty.title, assignment.unit_name))
    found = [replace(row, what=tuple(what)) for row, what in grouped.items()]
    return sorted(found, key=lambda row: row.day)
