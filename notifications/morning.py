"""What does the one mail of a working day say? Its parts in order of urgency, and the subject that names the first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from notifications.content import Item, LateList, Letter, Morning, PageLink, PlanFacts, Rendered, Section
from notifications.rendering import render
from rules.moments import local, local_date
from rules.vocabulary import Deliverable, Nature

_ORDER = {section: place for place, section in enumerate(Section)}
_REMINDERS = (Section.OVERDUE, Section.DUE, Section.APPROACHING, Section.CHANGED)


@dataclass(frozen=True, kw_only=True)
class Clause:
    """The duties that stand in one clause, to be listed behind its citation."""

    citation: str
    items: tuple[Item, ...]


@dataclass(frozen=True, kw_only=True)
class NewTasks:
    """A year's tasks under one plan that one office follows up, as "Thông báo nhiệm vụ" lists them."""

    plan: PlanFacts
    year: int
    collector_name: str
    dated: tuple[Item, ...]
    undated: tuple[Clause, ...]
    continuous: tuple[Clause, ...]
    on_event: tuple[Clause, ...]
    reports: bool


@dataclass(frozen=True, kw_only=True)
class Invited:
    """What one office asks a body to cooperate in, under one plan in one year."""

    plan: PlanFacts
    year: int
    collector_name: str
    clauses: tuple[Clause, ...]


@dataclass(frozen=True, kw_only=True)
class Headline:
    """What the subject speaks of: the strongest section, how many items it has, the first, and how many more wait."""

    section: Section
    size: int
    others: int
    first: Item | LateList
    units: tuple[str, ...]


def render_morning(mail: Morning) -> Rendered:
    """Render the morning mail; a reader who only is invited gets the courteous letter, which counts nothing down."""
    items = sorted(mail.items, key=_urgency)
    sections = {item.section for item in items}
    if sections == {Section.INVITATION} and not (mail.late_lists or mail.overview):
        return render("invitation", mail.reader.language, _invitation(mail, items))
    return render("morning", mail.reader.language, _context(mail, items))


def letter_context(mail: Letter, *, to_office: bool = False) -> dict[str, object]:
    """Return what every template may name; `to_office`: the mail asks for something on the office's own pages."""
    return {
        "reader": mail.reader,
        "sender": mail.sender,
        "as_of": local(mail.as_of),
        "today": local_date(mail.as_of),
        "rehearsal": mail.rehearsal,
        "trial": mail.trial,
        "unit_pages": tuple(link for link in mail.links if link.unit_name),
        "office_pages": tuple(link for link in mail.links if not link.unit_name),
        "main_page": _main_page(mail.links, to_office=to_office),
        "office_word": "Phòng",
        "late_lists": (),
    }


def reminders(items: Sequence[Item]) -> tuple[tuple[Section, tuple[Item, ...]], ...]:
    """Return the sections that speak of a date, each with its items."""
    return tuple((section, tuple(group)) for section, group in groupby(items, key=_section) if section in _REMINDERS)


def shared_facts(items: Sequence[Item]) -> dict[str, object]:
    """Return what is said once for all items, and whether each must name its own unit or plan.

    New tasks name their collector in an opening of their own.
    """
    plans = tuple(dict.fromkeys(item.plan for item in items))
    collectors = tuple(dict.fromkeys(item.collector_name for item in items if item.section is not Section.NEW))
    return {
        "plan": plans[0] if len(plans) == 1 else None,
        "collector": collectors[0] if len(collectors) == 1 else None,
        "several_units": len({item.unit_name for item in items}) > 1,
    }


def headline(items: Sequence[Item], late_lists: Sequence[LateList]) -> Headline | None:
    """Return what the subject says; the items stand in order of urgency. An invitation alone asks for no subject."""
    units = tuple(dict.fromkeys(item.unit_short for item in items))
    if late_lists:
        return _headline(Section.ESCALATION, late_lists, items, units)
    if all(item.section is Section.INVITATION for item in items):
        return None
    strongest = [item for item in items if item.section is items[0].section]
    weaker = [item for item in items if item.section is not items[0].section and item.section in _REMINDERS]
    return _headline(items[0].section, strongest, weaker, units)


def clauses(items: Sequence[Item]) -> tuple[Clause, ...]:
    """Group by citation, in the order in which the plan's clauses come."""
    cited: dict[str, list[Item]] = {}
    for item in items:
        cited.setdefault(item.citation, []).append(item)
    return tuple(Clause(citation=citation, items=tuple(group)) for citation, group in cited.items())


def _headline(
    section: Section, group: Sequence[Item] | Sequence[LateList], others: Sequence[Item], units: tuple[str, ...]
) -> Headline:
    return Headline(section=section, size=len(group), others=len(others), first=group[0], units=units)


def _main_page(links: Sequence[PageLink], *, to_office: bool) -> PageLink | None:
    """Return the page behind the one button; several units' pages are equals, each with a line of its own."""
    of_office = [link for link in links if not link.unit_name]
    if to_office and of_office:
        return of_office[0]
    candidates = [link for link in links if link.unit_name] or of_office
    return candidates[0] if len(candidates) == 1 else None


def _section(item: Item) -> Section:
    return item.section


def _urgency(item: Item) -> tuple[int, date]:
    return _ORDER[item.section], item.deadline.final if item.deadline else date.max


def _context(mail: Morning, items: Sequence[Item]) -> dict[str, object]:
    parts: tuple[Item | LateList, ...] = (*mail.late_lists, *items)
    return (
        letter_context(mail, to_office=bool(mail.late_lists or mail.overview))
        | shared_facts([item for item in items if item.section is not Section.INVITATION])
        | {
            "headline": headline(items, mail.late_lists),
            "to_head": bool(parts) and all(part.to_head for part in parts),
            "late_lists": mail.late_lists,
            "overview": mail.overview,
            "office_word": parts[0].collector_word if parts else "Phòng",
            "reminders": reminders(items),
            "all_passed": all(item.section is Section.OVERDUE for item in items if item.section in _REMINDERS),
            "new": _new(items),
            "invited": _invited([item for item in items if item.section is Section.INVITATION]),
        }
    )


def _invitation(mail: Morning, items: Sequence[Item]) -> dict[str, object]:
    return letter_context(mail) | {"to_head": False, "invited": _invited(items)}


def _by_office(items: Sequence[Item]) -> tuple[tuple[Item, ...], ...]:
    """Group by plan, year and the office that follows the plan up."""
    groups: dict[tuple[PlanFacts, int, str], list[Item]] = {}
    for item in items:
        groups.setdefault((item.plan, item.year, item.collector_name), []).append(item)
    return tuple(tuple(group) for group in groups.values())


def _invited(items: Sequence[Item]) -> tuple[Invited, ...]:
    return tuple(
        Invited(
            plan=group[0].plan,
            year=group[0].year,
            collector_name=group[0].collector_name,
            clauses=clauses(group),
        )
        for group in _by_office(items)
    )


def _new(items: Sequence[Item]) -> tuple[NewTasks, ...]:
    return tuple(_new_tasks(group) for group in _by_office([item for item in items if item.section is Section.NEW]))


def _new_tasks(items: Sequence[Item]) -> NewTasks:
    undated = [item for item in items if item.deadline is None]
    return NewTasks(
        plan=items[0].plan,
        year=items[0].year,
        collector_name=items[0].collector_name,
        dated=tuple(item for item in items if item.deadline is not None),
        undated=clauses([item for item in undated if item.nature in (Nature.PERIODIC, Nature.ONCE)]),
        continuous=clauses([item for item in undated if item.nature is Nature.CONTINUOUS]),
        on_event=clauses([item for item in undated if item.nature is Nature.ON_EVENT]),
        reports=any(_is_yearly_report(item) for item in items),
    )


def _is_yearly_report(item: Item) -> bool:
    periodic = item.nature is Nature.PERIODIC and item.deliverable is Deliverable.REPORT
    return periodic and item.period in ("", str(item.year))
