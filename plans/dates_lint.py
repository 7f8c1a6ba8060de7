"""Do the dates of a year fit the plan? A duty that waits for its date is told; a date is never invented."""

from collections.abc import Iterator

from plans.findings import Code, Finding, error, warning
from plans.problems import did_you_mean
from plans.schema import CycleDeadline, CycleFile, Duty, PlanFile
from rules.vocabulary import Nature, PeriodKind

_PERIODS: dict[PeriodKind | None, tuple[str, ...]] = {
    PeriodKind.HALF_YEAR: ("H1", "H2"),
    PeriodKind.QUARTER: ("Q1", "Q2", "Q3", "Q4"),
    PeriodKind.MONTH: tuple(f"M{month:02}" for month in range(1, 13)),
}


def waiting_for_a_date(plan: PlanFile, cycle: CycleFile | None) -> Iterator[Finding]:
    """Warn of every duty that can have a deadline and has none; without a cycle these are all of them."""
    year = f" năm {cycle.year}" if cycle else ""
    for key, _, duty in plan.duties():
        given = [deadline for deadline in cycle.deadlines if deadline.duty == key] if cycle else []
        if duty.can_have_deadline and (missing := _missing(duty, given)):
            what = f"chưa ấn định thời hạn{year} ({', '.join(missing)}); a person sets it in the cycle's file"
            yield warning(Code.NO_DEADLINE, key, duty.line, what)


def wrong_dates(plan: PlanFile, cycle: CycleFile) -> Iterator[Finding]:
    """Yield an error for every date that the plan has no place for; lines are those of the cycle's file."""
    head = plan.plan
    if cycle.plan != head.slug:
        what = f"this cycle is of the plan '{cycle.plan}', not of '{head.slug}'; mend 'plan' or move the file"
        yield error(Code.OTHER_PLAN, "plan", cycle.line, what)
    if not head.period.first <= cycle.year <= head.period.last:
        what = f"{cycle.year} lies outside the plan's period {head.period.first}-{head.period.last}; mend the year"
        yield error(Code.OTHER_YEARS, "year", cycle.line, what)
    duties = {key: duty for key, _, duty in plan.duties()}
    for deadline in cycle.deadlines:
        if deadline.duty in duties:
            yield from _misplaced(deadline, duties[deadline.duty])
        else:
            mend = did_you_mean(deadline.duty, duties, otherwise="name a duty of the plan, for example V.4-3.a")
            yield error(Code.UNKNOWN_DUTY, deadline.duty, deadline.line, f"the plan has no such duty; {mend}")


def _misplaced(deadline: CycleDeadline, duty: Duty) -> Iterator[Finding]:
    if not duty.can_have_deadline:
        what = f"a duty that is {duty.nature} has no deadline; take the entry out"
        yield error(Code.NEVER_DUE, deadline.duty, deadline.line, what)
        return
    recipients = [recipient.applied for recipient in duty.recipients if recipient.applied]
    if deadline.recipient and deadline.recipient not in recipients:
        known = f"name one of: {', '.join(recipients)}" if recipients else "leave the recipient out"
        what = f"the duty does not go to '{deadline.recipient}'; {known}"
        yield error(Code.UNKNOWN_RECIPIENT, deadline.duty, deadline.line, what)
    expected = duty.cadence if duty.nature is Nature.PERIODIC else PeriodKind.YEAR
    if expected and deadline.kind is not expected:
        periods = _PERIODS.get(expected)
        mend = f"write one of: {', '.join(periods)}" if periods else "leave the period out"
        what = f"the period '{deadline.period or 'whole year'}' does not fit a duty of each {expected}; {mend}"
        yield error(Code.OTHER_PERIOD, deadline.duty, deadline.line, what)


def _missing(duty: Duty, given: list[CycleDeadline]) -> list[str]:
    """Name the recipients and periods without a date; a duty without any date is named by its title."""
    if not given:
        return [duty.title]
    recipients: list[str | None] = [recipient.applied for recipient in duty.recipients if recipient.applied]
    periods = _PERIODS.get(duty.cadence, (given[0].period,))
    return [
        " ".join(part for part in (recipient, period) if part)
        for recipient in recipients or [None]
        for period in periods
        if not any(one.period == period and one.recipient in (None, recipient) for one in given)
    ]
