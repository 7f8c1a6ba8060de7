"""Which reminder is owed today, to whom: the rungs of an assignment, catch-up after silence, and escalation.

The rungs are offsets in working days from the final deadline (DESIGN, "Days and rungs"). Values in, a decision out:
nothing here reads a clock or a database, so the same case always gives the same decision.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from functools import cached_property

from rules.lifecycle import WAITING
from rules.vocabulary import AssignmentState, Audience, NoticeState, SkipReason
from rules.workdays import WorkingCalendar


class RungKind(StrEnum):
    """What a rung is bound to: the start of a deadline version, an invitation, or an offset from the deadline."""

    OPENED = "opened"
    CHANGED = "changed"
    INVITED = "invited"
    OFFSET = "offset"


@dataclass(frozen=True, kw_only=True)
class Ladder:
    """Offsets per audience, in working days: negative before the deadline, positive after it."""

    contact: tuple[int, ...] = (-15, -5, 0, 1, 6, 11, 16)
    head: tuple[int, ...] = (1,)
    officer: tuple[int, ...] = (1,)
    office_head: tuple[int, ...] = (3,)


@dataclass(frozen=True, kw_only=True)
class Rung:
    """One step of the ladder, on its day."""

    kind: RungKind
    audience: Audience
    day: date
    offset: int = 0

    @property
    def code(self) -> str:
        """The fixed spelling in storage: `opened`, `-15`, `0`, `+3`."""
        if self.kind is not RungKind.OFFSET:
            return str(self.kind)
        return f"{self.offset:+d}" if self.offset else "0"

    @property
    def key(self) -> tuple[str, Audience]:
        return self.code, self.audience

    @property
    def strength(self) -> tuple[date, bool, int]:
        """Later is stronger; on one day a countdown is stronger than the news that there is something to do."""
        return self.day, self.kind is RungKind.OFFSET, self.offset


@dataclass(frozen=True, kw_only=True)
class Case:
    """Everything the ladder needs to know of one assignment.

    `since` is the day on which the current deadline version came to be (version 1: the opening of the cycle, or the
    day the assignment was made, if later). `bound` is the consolidator's own deadline. `resting_until` is the last
    day on which reminders rest after a công văn đôn đốc; `answered_until` the day before which the đầu mối, who has
    said when the report will come or has asked for more time, is not reminded again. `existing` holds the notices of
    the current version.
    """

    state: AssignmentState
    since: date
    version: int = 0
    final: date | None = None
    request: bool = False
    escalates: bool = False
    own_office: bool = False
    unit_ended: bool = False
    bound: date | None = None
    resting_until: date | None = None
    answered_until: date | None = None
    ladder: Ladder = field(default_factory=Ladder)
    existing: Mapping[tuple[str, Audience], NoticeState] = field(default_factory=dict)

    @cached_property
    def terms(self) -> Hashable:
        """Equal for cases with the same rungs: the units of one duty mostly are."""
        return (
            self.state, self.since, self.version, self.final, self.request, self.escalates, self.own_office,
            self.unit_ended, self.bound, self.resting_until, self.answered_until, self.ladder,
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What to do now. `next_look_on` is the first day on which this case can owe anything more."""

    owe: tuple[Rung, ...] = ()
    supersede: tuple[Rung, ...] = ()
    skip: tuple[tuple[Rung, SkipReason], ...] = ()
    next_look_on: date | None = None


def rungs(case: Case, calendar: WorkingCalendar) -> tuple[Rung, ...]:
    """Return all rungs of the current deadline version, those that can never be reached left out."""
    if case.request:
        return (Rung(kind=RungKind.INVITED, audience=Audience.CONTACT, day=case.since),)
    start = RungKind.CHANGED if case.version > 1 else RungKind.OPENED
    first = Rung(kind=start, audience=Audience.CONTACT, day=case.since)
    if case.final is None:
        return (first,)
    offsets = [
        Rung(kind=RungKind.OFFSET, audience=audience, day=_rung_day(case, case.final, offset, calendar), offset=offset)
        for audience, offset in _offsets(case)
    ]
    return (first, *(rung for rung in offsets if not _useless(rung, case)))


def decide(case: Case, today: date, calendar: WorkingCalendar) -> Decision:
    """Say what is owed on `today`, which weaker rungs are superseded, and when to look again.

    Catch-up: of the rungs of one audience that were reached but not yet recorded only the strongest is owed. Rungs
    dated before the version are superseded at once. On a day off nothing is owed; nothing is lost by that, since the
    next look is never later than the next working day.
    """
    if case.state not in WAITING:
        return Decision()
    every = rungs(case, calendar)
    next_look_on = _next_look(case, every, today, calendar)
    if not calendar.is_working(today):
        return Decision(next_look_on=next_look_on)
    every = tuple(rung for rung in every if _first_day(rung, case) <= today)
    parts = [_decide_audience(case, today, [r for r in every if r.audience is audience]) for audience in Audience]
    return Decision(
        owe=tuple(rung for part in parts for rung in part.owe),
        supersede=tuple(rung for part in parts for rung in part.supersede),
        skip=tuple(pair for part in parts for pair in part.skip),
        next_look_on=next_look_on,
    )


def _first_day(rung: Rung, case: Case) -> date:
    """Return the first day on which the rung may be owed: its own, or the end of a rest that covers it.

    After a công văn every reminder of the overdue rests; after the unit's own answer only what would go to its đầu mối:
    its head and the labour office are told as ever, with that answer.
    """
    day = rung.day
    if rung.offset > 0 and case.resting_until is not None:
        day = max(day, case.resting_until + timedelta(days=1))
    to_answered = rung.kind is RungKind.OFFSET and rung.audience is Audience.CONTACT
    if to_answered and case.answered_until is not None:
        day = max(day, case.answered_until)
    return day


def _offsets(case: Case) -> list[tuple[Audience, int]]:
    """Pair each audience with its offsets; only a yearly report that others owe the office is escalated.

    Where the late unit is the labour office itself the escalation rungs stay, to be recorded as skipped, and its head
    gets the reminder instead.
    """
    pairs = [(Audience.CONTACT, offset) for offset in case.ladder.contact]
    heads = case.ladder.head
    if case.escalates:
        pairs += [(Audience.OFFICER, offset) for offset in case.ladder.officer]
        pairs += [(Audience.OFFICE_HEAD, offset) for offset in case.ladder.office_head]
        if case.own_office:
            heads = tuple(sorted({*heads, *case.ladder.office_head}))
    return pairs + [(Audience.HEAD, offset) for offset in heads]


def _rung_day(case: Case, final: date, offset: int, calendar: WorkingCalendar) -> date:
    """-n and +n count working days; rung 0 of a deadline on a day off is the last working day before it.

    After the deadline the count starts from the later of deadline and version, so that nobody is late on the day he
    is first told.
    """
    if offset == 0:
        return calendar.on_or_before(final)
    return calendar.shift(max(final, case.since) if offset > 0 else final, offset)


def _useless(rung: Rung, case: Case) -> bool:
    """A reminder after the consolidator's own deadline helps nobody."""
    return rung.offset > 0 and case.bound is not None and rung.day > case.bound


def _decide_audience(case: Case, today: date, every: list[Rung]) -> Decision:
    reached = sorted((rung for rung in every if rung.day <= today), key=lambda rung: rung.strength)
    alive = [rung for rung in reached if rung.day >= case.since]
    strongest = alive[-1] if alive else None
    supersede = tuple(
        rung for rung in reached if rung != strongest and case.existing.get(rung.key) in (None, NoticeState.OWED)
    )
    if strongest is None or strongest.key in case.existing:
        return Decision(supersede=supersede)
    reason = _skip_reason(case, strongest)
    if reason is not None:
        return Decision(supersede=supersede, skip=((strongest, reason),))
    return Decision(supersede=supersede, owe=(strongest,))


def _skip_reason(case: Case, rung: Rung) -> SkipReason | None:
    if case.unit_ended:
        return SkipReason.UNIT_ENDED
    if case.own_office and rung.audience in (Audience.OFFICER, Audience.OFFICE_HEAD):
        return SkipReason.OWN_REPORT
    return None


def _next_look(case: Case, every: tuple[Rung, ...], today: date, calendar: WorkingCalendar) -> date | None:
    """Return the first later day on which an unrecorded rung can be reached; a rest or a day off puts it off."""
    days = []
    for rung in every:
        if rung.key in case.existing:
            continue
        day = _first_day(rung, case)
        if day > today or not calendar.is_working(today):
            days.append(max(day, today))
    return calendar.on_or_after(min(days)) if days else None
