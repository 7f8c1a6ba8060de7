"""What opening a plan's year would do, and what the coordinator should know first."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session

from models import Cycle, Duty, Plan, Responsibility
from rules.deadlines import DueRule, base_deadline
from rules.ladder import Case, RungKind, rungs
from rules.vocabulary import AssignmentState, Nature
from rules.workdays import WorkingCalendar
from services.assigning import DueKey, Expected
from services.cases import ladder_of
from services.directory import contacts_on


@dataclass(frozen=True, kw_only=True)
class Line:
    """What opening the year gives for one duty and one of its dates."""

    duty: str
    title: str
    citation: str
    units: int
    recipient: str
    period: str
    final: date | None


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What opening would create, and what a coordinator should know first."""

    plan: str
    year: int
    opens_on: date
    assignments: int
    lines: tuple[Line, ...]
    warnings: tuple[str, ...] = ()
    already_open: bool = False
    difference: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Draft:
    plan: Plan
    pairs: tuple[tuple[Responsibility, Duty], ...]
    rules: dict[DueKey, DueRule]
    items: tuple[Expected, ...]


def preview(
    session: Session,
    draft: Draft,
    *,
    year: int,
    today: date,
    calendar: WorkingCalendar,
    found: Cycle | None,
    difference: tuple[str, ...],
) -> Preview:
    return Preview(
        plan=draft.plan.slug,
        year=year,
        opens_on=found.opened_on if found else today,
        assignments=len(draft.items),
        lines=tuple(_lines(draft.items)),
        warnings=(
            *_unset(draft),
            *_days_off(draft, calendar),
            *_beyond(draft, today, calendar),
            *_unreachable(session, draft, today),
        ),
        already_open=found is not None,
        difference=difference,
    )


def _lines(items: Iterable[Expected]) -> list[Line]:
    counted: dict[tuple[str, str, str], list[Expected]] = {}
    for item in items:
        counted.setdefault((item.duty.key, item.recipient, item.period), []).append(item)
    return [
        Line(
            duty=group[0].duty.key,
            title=group[0].duty.title,
            citation=group[0].responsibility.citation,
            units=len(group),
            recipient=recipient,
            period=period,
            final=group[0].deadline.final if group[0].deadline else None,
        )
        for (_, recipient, period), group in counted.items()
    ]


def _unset(draft: Draft) -> list[str]:
    """What the plan leaves open: a date or an owner is asked for, never invented."""
    dated = {item.duty.key for item in draft.items if item.deadline}
    owned = {item.duty.key for item in draft.items}
    warnings = []
    for clause, duty in draft.pairs:
        if duty.nature not in (Nature.PERIODIC, Nature.ONCE):
            continue
        if duty.key not in owned:
            why = clause.unassigned or "nhóm chưa có đơn vị"
            warnings.append(f"{duty.key} {duty.title}: chưa phân công ({why})")
        if duty.key not in dated:
            warnings.append(f"{duty.key} {duty.title}: chưa ấn định thời hạn")
    return warnings


def _days_off(draft: Draft, calendar: WorkingCalendar) -> list[str]:
    warnings = []
    for (duty_key, _, _), rule in draft.rules.items():
        if calendar.is_working(rule.last_day):
            continue
        final = base_deadline(rule, calendar, draft.plan.roll).final
        day = calendar.day(rule.last_day)
        mark = " (lịch nghỉ dự kiến)" if day.provisional else ""
        warnings.append(
            f"{duty_key}: {rule.last_day:%d/%m/%Y} là ngày nghỉ ({day.reason}){mark}, thời hạn là {final:%d/%m/%Y}"
        )
    return warnings


def _beyond(draft: Draft, today: date, calendar: WorkingCalendar) -> list[str]:
    """Rungs after the consolidator's own deadline are useless and will not be sent: say which."""
    finals: dict[str, date] = {}
    for item in draft.items:
        if item.deadline:
            finals[item.duty.key] = max(finals.get(item.duty.key, date.min), item.deadline.final)
    warnings = []
    for clause, duty in draft.pairs:
        bound, final = finals.get(duty.feeds or ""), finals.get(duty.key)
        if bound is None or final is None:
            continue
        case = Case(
            state=AssignmentState.OPEN,
            since=today,
            version=1,
            final=final,
            escalates=duty.escalates,
            ladder=ladder_of(clause),
        )
        late = [
            f"{rung.code} ({rung.audience}, {rung.day:%d/%m/%Y})"
            for rung in rungs(case, calendar)
            if rung.kind is RungKind.OFFSET and rung.offset > 0 and rung.day > bound
        ]
        if late:
            warnings.append(f"{duty.key}: sau thời hạn tổng hợp {bound:%d/%m/%Y}, sẽ không nhắc: {', '.join(late)}")
    return warnings


def _unreachable(session: Session, draft: Draft, today: date) -> list[str]:
    reachable = {unit for unit, _ in contacts_on(session, today)}
    names = {item.unit.id: item.unit.name for item in draft.items if item.unit.id not in reachable}
    return [f"{name}: chưa có đầu mối nhận thư" for name in names.values()]
