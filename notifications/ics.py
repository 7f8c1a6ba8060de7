"""Which entry does a deadline become in the reader's own calendar? One all-day VEVENT each, published, not invited."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from icalendar import Calendar, Event, vCalAddress, vText

from notifications.content import DeadlineFacts, Item, Language, Reader, Sender
from notifications.naming import plan_name, titled
from notifications.why import until, why

_SUMMARIES = {Language.VI: "Hạn: {title} – {unit}", Language.EN: "Due: {title} – {unit}"}
_MARKS = {Language.VI: "[Chạy thử] ", Language.EN: "[Rehearsal] "}
_WHY = {Language.VI: "Căn cứ xác định thời hạn", Language.EN: "Why this date"}


def deadlines_ics(
    items: Sequence[Item], *, reader: Reader, sender: Sender, as_of: datetime, rehearsal: bool = False
) -> bytes | None:
    """Return the deadlines of `items` as one calendar, or None where nothing is dated.

    The UID stays with the assignment and SEQUENCE rises with each deadline version, so that a changed date replaces
    the old entry (RFC 5546, PUBLISH). Equal input gives equal bytes.
    """
    dated = [(item, item.deadline) for item in items if item.deadline is not None]
    if not dated:
        return None
    calendar = Calendar()
    calendar.add("prodid", "-//dondoc//deadlines//VI")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    mark = _MARKS[reader.language] if rehearsal else ""
    for item, deadline in dated:
        event = _event(item, deadline, reader.language, mark)
        event.add("dtstamp", as_of.astimezone(UTC))
        event.add("organizer", _organizer(sender))
        calendar.add_component(event)
    content: bytes = calendar.to_ical()
    return content


def _event(item: Item, deadline: DeadlineFacts, language: Language, mark: str) -> Event:
    event = Event()
    event.add("uid", f"{item.key}@dondoc")
    event.add("sequence", deadline.version - 1)
    event.add("dtstart", deadline.final)
    event.add("dtend", deadline.final + timedelta(days=1))
    event.add("summary", mark + _SUMMARIES[language].format(title=titled(item, language), unit=item.unit_short))
    event.add("description", _description(item, deadline, language))
    event.add("transp", "TRANSPARENT")
    return event


def _description(item: Item, deadline: DeadlineFacts, language: Language) -> str:
    plan = plan_name(item.plan, language)
    return "\n".join(
        (
            f"{until(deadline, language)}.",
            f"{_WHY[language]}: {' '.join(why(deadline, language))}",
            f"{item.citation}, {plan}",
        )
    )


def _organizer(sender: Sender) -> vCalAddress:
    organizer = vCalAddress(f"mailto:{sender.reply_to}")
    organizer.params["cn"] = vText(sender.office_short)
    return organizer
