"""Until when, and why this date: a deadline is a chain of steps from the written rule to the final day.

`trước ngày X` is exclusive, its last valid day is X-1; `chậm nhất`, `đến hết ngày X` are inclusive (DOMAIN, "Dates").
A deadline is a date with an optional local time, always in the zone Asia/Ho_Chi_Minh.
"""

from dataclasses import dataclass
from datetime import date, time, timedelta
from enum import StrEnum

from rules.vocabulary import RollPolicy
from rules.workdays import WorkingCalendar


class Form(StrEnum):
    """How the written rule names its day."""

    BEFORE = "before"
    LATEST = "latest"


class StepKind(StrEnum):
    """What a step of the chain did to the date."""

    BASE = "base"
    CHANGED = "changed"
    RETURNED = "returned"
    EXTENDED = "extended"
    ROLLED = "rolled"


@dataclass(frozen=True, kw_only=True)
class DueRule:
    """A date as a person wrote it, with its legal basis; `proposed` marks a proposal that no text prescribes."""

    form: Form
    written: date
    basis: str
    at: time | None = None
    proposed: bool = False

    @property
    def last_day(self) -> date:
        """The last valid day: `before` without an hour ends on the day before."""
        if self.form is Form.BEFORE and self.at is None:
            return self.written - timedelta(days=1)
        return self.written


@dataclass(frozen=True, kw_only=True)
class Step:
    """One link of the chain: `day` is the last valid day after it, `at` an hour, `reason` why a day off moved it."""

    kind: StepKind
    day: date
    form: Form | None = None
    written: date | None = None
    basis: str = ""
    reason: str = ""
    proposed: bool = False
    at: time | None = None


@dataclass(frozen=True, kw_only=True)
class Deadline:
    """A chain of steps; the last one holds the final day."""

    steps: tuple[Step, ...]
    at: time | None = None

    @property
    def final(self) -> date:
        return self.steps[-1].day


def base_deadline(rule: DueRule, calendar: WorkingCalendar, policy: RollPolicy) -> Deadline:
    """Return version 1: the rule as written, then moved if it ends on a day off."""
    return _rolled((_step(StepKind.BASE, rule),), rule.at, calendar, policy)


def replaced_deadline(
    deadline: Deadline | None, rule: DueRule, kind: StepKind, calendar: WorkingCalendar, policy: RollPolicy
) -> Deadline:
    """Return the chain after a decision (changed, extended, returned) with its own date and basis."""
    earlier = deadline.steps if deadline else ()
    return _rolled((*earlier, _step(kind, rule)), rule.at, calendar, policy)


def recalculated_deadline(deadline: Deadline, calendar: WorkingCalendar, policy: RollPolicy) -> Deadline:
    """Return the chain with its last move for a day off made anew: the calendar may have changed since."""
    steps = deadline.steps[:-1] if deadline.steps[-1].kind is StepKind.ROLLED else deadline.steps
    return _rolled(steps, deadline.at, calendar, policy)


def _step(kind: StepKind, rule: DueRule) -> Step:
    return Step(
        kind=kind,
        day=rule.last_day,
        form=rule.form,
        written=rule.written,
        basis=rule.basis,
        proposed=rule.proposed,
        at=rule.at,
    )


def _rolled(steps: tuple[Step, ...], at: time | None, calendar: WorkingCalendar, policy: RollPolicy) -> Deadline:
    day = steps[-1].day
    if policy is RollPolicy.AS_IS or calendar.is_working(day):
        return Deadline(steps=steps, at=at)
    moved = calendar.on_or_before(day) if policy is RollPolicy.EARLIER else calendar.on_or_after(day)
    step = Step(kind=StepKind.ROLLED, day=moved, reason=calendar.day(day).reason)
    return Deadline(steps=(*steps, step), at=at)
