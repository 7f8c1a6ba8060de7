"""What opening a plan's year would do, and what the coordinator should know first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session

from models import Cycle, Duty, Plan, Responsibility
from rules.deadlines import DueRule, base_deadline
from rules.ladder import Case, RungKind, rungs
from rules.vocabulary import AssignmentState, Nature
from rules.workdays import WorkingCalendar
from services.assigning import DueKey, Slot
from services.cases import ladder_of
from services.directory import contacts_on, directory_ever, unreachable_on


@dataclass(frozen=True, kw_only=True)
class Line:
    """What opening the year gives for one duty and one of its dates."""

    duty: str
    title: str
    citation: str
    units: int
    recipient: str
    period: str
    can_have_deadline: bool
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
    slots: tuple[Slot, ...]


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
        assignments=sum(len(slot.units) for slot in draft.slots),
        lines=tuple(_line(slot) for slot in draft.slots if slot.units),
        warnings=(
            *(_bygone(year, today, calendar) if found is None else ()),
            *_unset(session, draft, today),
            *_past(draft, today),
            *_days_off(draft, calendar),
            *_beyond(draft, today, calendar),
            *_unreachable(session, draft, today),
        ),
        already_open=found is not None,
        difference=difference,
    )


def _line(slot: Slot) -> Line:
    return Line(
        duty=slot.duty.key,
        title=slot.duty.title,
        citation=slot.responsibility.citation,
        units=len(slot.units),
        recipient=slot.recipient,
        period=slot.period,
        can_have_deadline=slot.duty.nature in (Nature.PERIODIC, Nature.ONCE),
        final=slot.deadline.final if slot.deadline else None,
    )


def _bygone(year: int, today: date, calendar: WorkingCalendar) -> list[str]:
    """Units and deadlines of a past year are looked at as of today, which is seldom what was meant."""
    if year >= today.year:
        return []
    first = calendar.on_or_after(date(year, 1, 1))
    looked_at = f"năm {year} đã qua: đơn vị và thời hạn được xét tại ngày {today:%d/%m/%Y}"
    return [f"{looked_at}; để xét tại một ngày của năm đó, dùng --as-of, ví dụ --as-of {first:%Y-%m-%d}"]


def _unset(session: Session, draft: Draft, today: date) -> list[str]:
    """What the plan leaves open: a date or an owner is asked for, never invented."""
    undated = {slot.duty.key for slot in draft.slots if slot.deadline is None}
    owned = {slot.duty.key for slot in draft.slots if slot.units}
    warnings = []
    for clause, duty in draft.pairs:
        if duty.nature not in (Nature.PERIODIC, Nature.ONCE):
            continue
        if duty.key not in owned:
            why = clause.unassigned or _nobody(session, duty.addressees or clause.addressees, today)
            warnings.append(f"{duty.key} {duty.title}: chưa phân công ({why})")
        if duty.key in undated:
            warnings.append(f"{duty.key} {duty.title}: chưa ấn định thời hạn")
    return warnings


def _nobody(session: Session, addressees: Sequence[str], today: date) -> str:
    """Say whether there never was a unit, or none is left."""
    units = directory_ever(session).expand(addressees)
    if units and all(unit.valid_to and unit.valid_to < today for unit in units):
        return f"mọi đơn vị của nhóm đã kết thúc trước ngày {today:%d/%m/%Y}; để xét tại ngày khác, dùng --as-of"
    return "nhóm chưa có đơn vị"


def _past(draft: Draft, today: date) -> list[str]:
    finals = {slot.duty.key: slot.deadline.final for slot in draft.slots if slot.deadline and slot.units}
    return [
        f"{duty_key}: thời hạn {final:%d/%m/%Y} đã qua; đơn vị được thông báo, từ ngày làm việc tiếp theo là quá hạn"
        for duty_key, final in finals.items()
        if final < today
    ]


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
    dated = [(slot, slot.deadline.final) for slot in draft.slots if slot.deadline]
    warnings = []
    for slot, final in dated:
        bound = _bound(dated, slot)
        if bound is None or not slot.units:
            continue
        key = slot.duty.key if slot.period.isdigit() else f"{slot.duty.key} {slot.period}"
        if bound < today:
            warnings.append(f"{key}: thời hạn tổng hợp {bound:%d/%m/%Y} đã qua, sẽ không nhắc")
            continue
        case = Case(
            state=AssignmentState.OPEN,
            since=today,
            version=1,
            final=final,
            escalates=slot.duty.escalates,
            ladder=ladder_of(slot.responsibility),
        )
        late = [
            f"{rung.code} ({rung.audience}, {rung.day:%d/%m/%Y})"
            for rung in rungs(case, calendar)
            if rung.kind is RungKind.OFFSET and rung.offset > 0 and rung.day > bound
        ]
        if late:
            warnings.append(f"{key}: sau thời hạn tổng hợp {bound:%d/%m/%Y}, sẽ không nhắc: {', '.join(late)}")
    return warnings


def _bound(dated: list[tuple[Slot, date]], slot: Slot) -> date | None:
    """Return the consolidation of the same period or, where it has another, the last of the year."""
    every = {other.period: final for other, final in dated if other.duty.key == slot.duty.feeds}
    return every.get(slot.period) or max(every.values(), default=None)


def _unreachable(session: Session, draft: Draft, today: date) -> list[str]:
    reachable = {unit for unit, _ in contacts_on(session, today)}
    names = {unit.id: unit.name for slot in draft.slots for unit in slot.units if unit.id not in reachable}
    addressed = {unit.id for slot in draft.slots for unit in slot.units}
    refused = [unit.name for unit, _ in unreachable_on(session, today) if unit.id in addressed]
    return [
        *(f"{name}: chưa có đầu mối nhận thư" for name in names.values()),
        *(f"{name}: thư gửi đến bị trả lại, cần cập nhật địa chỉ" for name in dict.fromkeys(refused)),
    ]
