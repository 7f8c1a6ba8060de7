"""Which entry does a deadline become in the reader's own calendar? One all-day VEVENT each, published, not invited."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from icalendar import Event, vCalAddress, vText

from notifications.content import DeadlineFacts, Item, Language, PlanFacts, Reader, Sender
from notifications.naming import plan_name, titled
from notifications.octets import pieces
from notifications.why import until, why

_SUMMARIES = {Language.VI: "Hạn: {title} – {unit}", Language.EN: "Due: {title} – {unit}"}
_MARKS = {Language.VI: "[Chạy thử] ", Language.EN: "[Rehearsal] "}
_BEGIN = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//dondoc//deadlines//VI\r\nMETHOD:PUBLISH\r\n"
_LINE = 75  # octets (RFC 5545, 3.1)
_END = b"END:VCALENDAR\r\n"
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
    mark = _MARKS[reader.language] if rehearsal else ""
    stamp = as_of.astimezone(UTC)
    events = []
    for item, deadline in dated:
        summary = mark + _SUMMARIES[reader.language].format(title=titled(item, reader.language), unit=item.unit_short)
        facts = _facts(deadline, item.citation, item.plan, reader.language, sender, stamp)
        events.append(b"".join((_line("UID", f"{item.key}@dondoc"), _line("SUMMARY", summary), facts)))
    return b"".join((_BEGIN, *(b"BEGIN:VEVENT\r\n" + event + b"END:VEVENT\r\n" for event in events), _END))


def _line(name: str, text: str) -> bytes:
    """Return one property, escaped and, where it is long, folded (RFC 5545, 3.1)."""
    line: bytes = name.encode("ascii") + b":" + vText(text).to_ical()
    return b"\r\n ".join(pieces(line, first=_LINE, others=_LINE - 1)) + b"\r\n"


@lru_cache(maxsize=1_000)
def _facts(
    deadline: DeadlineFacts, citation: str, plan: PlanFacts, language: Language, sender: Sender, stamp: datetime
) -> bytes:
    """Return the lines that one deadline has in every unit's calendar: folding them is most of the work."""
    event = Event()
    event.add("sequence", deadline.version - 1)
    event.add("dtstamp", stamp)
    event.add("dtstart", deadline.final)
    event.add("dtend", deadline.final + timedelta(days=1))
    event.add("description", _description(deadline, citation, plan, language))
    event.add("transp", "TRANSPARENT")
    event.add("organizer", _organizer(sender))
    content: bytes = event.to_ical()
    return content.removeprefix(b"BEGIN:VEVENT\r\n").removesuffix(b"END:VEVENT\r\n")


def _description(deadline: DeadlineFacts, citation: str, plan: PlanFacts, language: Language) -> str:
    return "\n".join(
        (
            f"{until(deadline, language)}.",
            f"{_WHY[language]}: {' '.join(why(deadline, language))}",
            f"{citation}, {plan_name(plan, language)}",
        )
    )


def _organizer(sender: Sender) -> vCalAddress:
    organizer = vCalAddress(f"mailto:{sender.reply_to}")
    organizer.params["cn"] = vText(sender.office_short)
    return organizer
