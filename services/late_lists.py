"""Which units have not sent a report that others wait for: one list per report, never one mail per late unit."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple, Protocol

from sqlalchemy import func
from sqlalchemy import select as select_rows
from sqlmodel import Session, col, select

from models import Difficulty, ExtensionRequest, Message, Notice, Plan, RequestState, Unit
from models.tables import ASSIGNMENT, UNIT
from notifications.content import Language, LateList, LateUnit, PlanFacts
from notifications.dates import short_day
from rules.ladder import Case
from rules.lifecycle import WAITING
from rules.vocabulary import AssignmentState, Audience, MessageState, NoticeState
from rules.workdays import WorkingCalendar
from services.chunks import chunks
from services.facts import Fact
from services.holds import held_units
from services.owed import Owed

_NOT_COUNTED = ("opened", "changed", "invited")


class Known(Protocol):
    """What the letters of a delivery have gathered already."""

    def fact(self, owed: Owed) -> Fact: ...
    def case(self, owed: Owed) -> Case: ...
    def plan(self, owed: Owed) -> Plan: ...
    def year(self, owed: Owed) -> int: ...
    def notice_key(self, owed: Owed) -> str: ...
    def title(self, fact: Fact, language: Language) -> str: ...
    def plan_facts(self, plan: Plan, language: Language) -> PlanFacts: ...
    def listed_from(self, case: Case) -> date | None: ...
    def collector(self, plan: Plan) -> Unit: ...


def late_lists(
    session: Session,
    owed: Sequence[Owed],
    known: Known,
    *,
    today: date,
    calendar: WorkingCalendar,
    language: Language,
) -> tuple[LateList, ...]:
    """Return one list per report and period, in the order in which the notices became owed."""
    grouped: dict[tuple[int, str, str, str], list[Owed]] = {}
    for one in owed:
        fact = known.fact(one)
        grouped.setdefault((fact.cycle_id, fact.duty.key, fact.recipient, fact.period), []).append(one)
    return tuple(_late_list(session, group, known, today, calendar, language) for group in grouped.values())


def _late_list(
    session: Session, group: list[Owed], known: Known, today: date, calendar: WorkingCalendar, language: Language
) -> LateList:
    fact, case, plan = known.fact(group[0]), known.case(group[0]), known.plan(group[0])
    peers = _peers(session, fact)
    told = _told(session, [peer.id for peer in peers], {one.audience for one in group})
    held = held_units(session)
    late = [peer for peer in peers if (peer.id, peer.version) in told and _is_late(peer, held, today)]
    reminders = _reminders(session, [peer.id for peer in late])
    remarks = _remarks(session, late, language)
    return LateList(
        duty_title=known.title(fact, language),
        citation=fact.responsibility.citation,
        year=known.year(group[0]),
        period=fact.period,
        collector_name=known.collector(plan).name,
        collector_word=known.collector(plan).name.split()[0],
        plan=known.plan_facts(plan, language),
        final=fact.final or today,
        received=sum(peer.state not in WAITING for peer in peers),
        expected=len(peers),
        group_name=_group_name([peer.unit_kind for peer in peers], language),
        late=tuple(_row(peer, today, calendar, reminders, remarks) for peer in late),
        notice_keys=tuple(known.notice_key(one) for one in group),
        consolidates_by=case.bound,
        days_to_consolidation=calendar.count(today, case.bound) if case.bound else None,
        listed_from=known.listed_from(case),
        to_head=any(one.audience is Audience.OFFICE_HEAD for one in group),
    )


class _Peer(NamedTuple):
    """One of the assignments of the same report."""

    id: int
    unit_id: int
    version: int
    state: AssignmentState
    final: date | None
    resting_until: date | None
    expected_on: date | None
    unit_name: str
    unit_kind: str
    unit_valid_to: date | None


def _peers(session: Session, fact: Fact) -> list[_Peer]:
    """Return all assignments of the same report to units under the issuer's authority: only these are ever listed."""
    rows = session.connection().execute(
        select_rows(
            ASSIGNMENT.c.id, ASSIGNMENT.c.unit_id, ASSIGNMENT.c.version, ASSIGNMENT.c.state, ASSIGNMENT.c.final,
            ASSIGNMENT.c.resting_until, ASSIGNMENT.c.expected_on, ASSIGNMENT.c.unit_name, UNIT.c.kind, UNIT.c.valid_to,
        )
        .join(UNIT, UNIT.c.id == ASSIGNMENT.c.unit_id)
        .where(
            ASSIGNMENT.c.cycle_id == fact.cycle_id,
            ASSIGNMENT.c.duty_key == fact.duty.key,
            ASSIGNMENT.c.recipient == fact.recipient,
            ASSIGNMENT.c.period == fact.period,
            UNIT.c.subordinate.is_(True),
        )
        .order_by(UNIT.c.id)
    )  # fmt: skip
    return [_Peer(*row) for row in rows]


def _told(session: Session, ids: Sequence[int], audiences: set[Audience]) -> set[tuple[int | None, int]]:
    """Return assignment and version of the reports whose own rung for this reader was reached: the order is kept."""
    rows = (
        row
        for part in chunks(ids)
        for row in session.execute(
            select(Notice.assignment_id, Notice.version).where(
                col(Notice.assignment_id).in_(part),
                col(Notice.audience).in_(audiences),
                col(Notice.state).in_((NoticeState.OWED, NoticeState.SENT)),
            )
        )
    )
    return {(identifier, version) for identifier, version in rows}


def _is_late(peer: _Peer, held: frozenset[int | None], today: date) -> bool:
    if peer.state not in WAITING or peer.final is None or peer.final >= today:
        return False
    ended = peer.unit_valid_to is not None and peer.unit_valid_to < today
    resting = peer.resting_until is not None and today <= peer.resting_until
    return not (ended or resting or peer.unit_id in held)


def _reminders(session: Session, ids: Sequence[int]) -> dict[int, tuple[int, date]]:
    """Return how often each unit was reminded before, and when last; the first notice of a task is no reminder."""
    rows = (
        row
        for part in chunks(ids)
        for row in session.execute(
            select(Notice.assignment_id, func.count(), func.max(Message.local_date))
            .join(Message, col(Message.id) == Notice.message_id)
            .where(
                col(Notice.assignment_id).in_(part),
                Notice.audience == Audience.CONTACT,
                Notice.state == NoticeState.SENT,
                col(Notice.rung).not_in(_NOT_COUNTED),
                Message.state == MessageState.SENT,
            )
            .group_by(col(Notice.assignment_id))
        )
    )
    return {identifier: (count, last) for identifier, count, last in rows}


def _remarks(session: Session, late: Sequence[_Peer], language: Language) -> dict[int, str]:
    """Return what each unit has answered: a request that waits, the day it named, or a difficulty of this report."""
    words, found = _REMARKS[language], {}
    for part in chunks([peer.id for peer in late]):
        raised = select(Difficulty.assignment_id).where(
            col(Difficulty.assignment_id).in_(part), col(Difficulty.answered_at).is_(None)
        )
        found.update({number or 0: words["difficulty"] for number in session.exec(raised)})
    for peer in late:
        if peer.expected_on is not None:
            found[peer.id] = words["expected"].format(day=short_day(peer.expected_on, language))
    for part in chunks([peer.id for peer in late]):
        asked = select(ExtensionRequest).where(
            col(ExtensionRequest.assignment_id).in_(part), ExtensionRequest.state == RequestState.ASKED
        )
        for request in session.exec(asked):
            found[request.assignment_id] = words["asked"].format(day=short_day(request.until, language))
    return found


_REMARKS = {
    Language.VI: {
        "difficulty": "Đã nêu khó khăn, vướng mắc",
        "expected": "Dự kiến gửi ngày {day} (đơn vị tự nêu)",
        "asked": "Đề nghị gia hạn đến {day}, chờ quyết định",
    },
    Language.EN: {
        "difficulty": "Has raised a difficulty",
        "expected": "Expected on {day} (the unit's own word)",
        "asked": "Asked for time until {day}, not yet decided",
    },
}


def _row(
    peer: _Peer,
    today: date,
    calendar: WorkingCalendar,
    reminders: dict[int, tuple[int, date]],
    remarks: dict[int, str],
) -> LateUnit:
    assert peer.final is not None
    count, last = reminders.get(peer.id, (0, None))
    return LateUnit(
        unit_name=peer.unit_name,
        working_days_overdue=calendar.count(peer.final, today),
        reminders=count,
        last_reminder=last,
        remark=remarks.get(peer.id, ""),
        final=peer.final,
        returned=peer.state is AssignmentState.RETURNED,
    )


def _group_name(kinds: Sequence[str], language: Language) -> str:
    """Communes are named as such; a mixed group is just units."""
    communes = all(kind == "xa" for kind in kinds)
    if language is Language.EN:
        return "communes" if communes else "units"
    return "xã, thị trấn" if communes else "đơn vị"
