"""A text to copy into a chat group: what is near and who is late, without any personal link."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlmodel import Session

from models import Plan
from notifications.content import Language
from notifications.dates import count, long_day, short_day
from notifications.naming import short_unit
from rules.moments import local_date
from rules.workdays import WorkingCalendar
from services.awaiting import Owing, owing_units
from services.directory import office_on
from services.progress import Progress, near_or_late

#: Names in one line; more would not be read in a chat group.
_MOST_NAMES = 40


def bulletin(session: Session, plan: Plan, *, now: datetime, calendar: WorkingCalendar) -> str:
    """Return the text in Vietnamese, one paragraph for each report that is near or late."""
    today, plan_id = local_date(now), plan.id or 0
    office = office_on(session, plan_id, today)
    groups = near_or_late(session, [plan_id], today=today, calendar=calendar)
    named = [(group, owing_units(session, group.key, office=office, today=today)) for group in groups]
    parts = [_part(group, owing, today) for group, owing in named if owing]
    opening = f"{plan.short_title}: tình hình đến {long_day(today, Language.VI)}."
    if not parts:
        return f"{opening}\n\nKhông có nhiệm vụ sắp đến hạn hoặc quá hạn."
    closing = "Đề nghị các đơn vị mở trang nhiệm vụ theo liên kết trong thư đã gửi đến hộp thư của đơn vị."
    return "\n\n".join([opening, *parts, closing])


def _part(group: Progress, owing: Sequence[Owing], today: date) -> str:
    days = ", ".join(short_day(final, Language.VI) for final in sorted({one.final for one in owing}))
    lines = [f"{group.title}, thời hạn {days}:"]
    coming = [one for one in owing if one.final >= today]
    late = [one for one in owing if one.final < today]
    if coming:
        lines.append(f"- Chưa gửi, còn trong thời hạn ({count(len(coming), Language.VI)}): {_names(coming)}.")
    if late:
        lines.append(f"- Quá hạn, chưa nhận được ({count(len(late), Language.VI)}): {_names(late)}.")
    return "\n".join(lines)


def _names(owing: Sequence[Owing]) -> str:
    named = "; ".join(short_unit(one.unit_name) for one in owing[:_MOST_NAMES])
    more = len(owing) - _MOST_NAMES
    return f"{named}; và {count(more, Language.VI)} đơn vị khác" if more > 0 else named
