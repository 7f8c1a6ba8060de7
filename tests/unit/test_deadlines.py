"""Until when, and why this date: the written rule, the day off, the decision, and the calendar that changed since."""

from dataclasses import replace
from datetime import date, time

import pytest

from plans.calendar_file import load_calendar
from rules.deadlines import (
    Deadline,
    DueRule,
    Form,
    StepKind,
    base_deadline,
    recalculated_deadline,
    replaced_deadline,
)
from rules.vocabulary import RollPolicy
from rules.workdays import DayOverride, WorkingCalendar

CALENDAR = load_calendar(None)
BASIS = "Công văn số 12/LĐTBXH"
NOVEMBER_1 = DueRule(form=Form.BEFORE, written=date(2024, 11, 1), basis=BASIS)


def latest(day: date, *, basis: str = BASIS) -> DueRule:
    return DueRule(form=Form.LATEST, written=day, basis=basis)


def kinds(deadline: Deadline) -> list[StepKind]:
    return [step.kind for step in deadline.steps]


@pytest.mark.parametrize(
    ("rule", "last_day"),
    [
        (NOVEMBER_1, date(2024, 10, 31)),  # "trước ngày 01/11" ends with 31/10
        (latest(date(2024, 11, 1)), date(2024, 11, 1)),  # "chậm nhất ngày 01/11" ends with it
        (replace(NOVEMBER_1, at=time(16, 0)), date(2024, 11, 1)),  # "trước 16 giờ ngày 01/11": that day, until four
        (replace(latest(date(2024, 11, 1)), at=time(16, 0)), date(2024, 11, 1)),
        (DueRule(form=Form.BEFORE, written=date(2024, 1, 1), basis=""), date(2023, 12, 31)),  # over the year's end
        (DueRule(form=Form.BEFORE, written=date(2024, 3, 1), basis=""), date(2024, 2, 29)),  # a leap year
    ],
)
def test_before_excludes_the_day_itself_and_latest_includes_it(rule, last_day):
    assert rule.last_day == last_day


@pytest.mark.parametrize(
    ("rule", "policy", "final", "reason"),
    [
        # A working day stays what it is under every policy.
        (NOVEMBER_1, RollPolicy.EARLIER, date(2024, 10, 31), None),
        (NOVEMBER_1, RollPolicy.LATER, date(2024, 10, 31), None),
        (NOVEMBER_1, RollPolicy.AS_IS, date(2024, 10, 31), None),
        # Saturday, 30/11/2024.
        (latest(date(2024, 11, 30)), RollPolicy.EARLIER, date(2024, 11, 29), "thứ Bảy"),
        (latest(date(2024, 11, 30)), RollPolicy.LATER, date(2024, 12, 2), "thứ Bảy"),
        (latest(date(2024, 11, 30)), RollPolicy.AS_IS, date(2024, 11, 30), None),
        # "trước ngày 01/12": the day that is rolled is the last valid one, not the written one.
        (DueRule(form=Form.BEFORE, written=date(2024, 12, 1), basis=""), RollPolicy.EARLIER, date(2024, 11, 29), "thứ"),
        # Tết 2024 ran from Thursday, 8/2 to Wednesday, 14/2.
        (latest(date(2024, 2, 12)), RollPolicy.EARLIER, date(2024, 2, 7), "Tết Nguyên đán"),
        (latest(date(2024, 2, 12)), RollPolicy.LATER, date(2024, 2, 15), "Tết Nguyên đán"),
        # The swapped Monday 29/4/2024, and the Saturday on which it was worked in.
        (latest(date(2024, 4, 29)), RollPolicy.LATER, date(2024, 5, 2), "hoán đổi ngày làm việc"),
        (latest(date(2024, 5, 4)), RollPolicy.EARLIER, date(2024, 5, 4), None),
    ],
)
def test_a_deadline_on_a_day_off_goes_where_the_policy_says_and_tells_why(rule, policy, final, reason):
    deadline = base_deadline(rule, CALENDAR, policy)
    assert deadline.final == final
    if reason is None:
        assert kinds(deadline) == [StepKind.BASE]
    else:
        assert kinds(deadline) == [StepKind.BASE, StepKind.ROLLED]
        assert deadline.steps[-1].reason.startswith(reason)


def test_the_first_step_keeps_the_rule_as_it_was_written():
    rule = replace(NOVEMBER_1, at=time(16, 0), proposed=True)
    deadline = base_deadline(rule, CALENDAR, RollPolicy.EARLIER)
    (step,) = deadline.steps
    assert (step.form, step.written, step.basis, step.proposed) == (Form.BEFORE, rule.written, BASIS, True)
    assert deadline.at == time(16, 0)


@pytest.mark.parametrize("kind", [StepKind.CHANGED, StepKind.EXTENDED, StepKind.RETURNED])
def test_a_decision_adds_its_own_date_and_basis_and_keeps_what_was_before(kind):
    first = base_deadline(NOVEMBER_1, CALENDAR, RollPolicy.EARLIER)
    second = replaced_deadline(first, latest(date(2024, 11, 10), basis="Đơn số 3"), kind, CALENDAR, RollPolicy.EARLIER)
    assert second.steps[0] == first.steps[0]
    assert kinds(second) == [StepKind.BASE, kind, StepKind.ROLLED]  # 10/11/2024 is a Sunday
    assert second.steps[1].basis == "Đơn số 3"
    assert second.final == date(2024, 11, 8)


def test_a_decision_without_an_earlier_deadline_stands_by_itself():
    alone = replaced_deadline(None, latest(date(2024, 11, 8)), StepKind.RETURNED, CALENDAR, RollPolicy.EARLIER)
    assert kinds(alone) == [StepKind.RETURNED]


def test_the_hour_of_a_decision_replaces_the_earlier_one():
    first = base_deadline(replace(NOVEMBER_1, at=time(16, 0)), CALENDAR, RollPolicy.EARLIER)
    second = replaced_deadline(first, latest(date(2024, 11, 8)), StepKind.EXTENDED, CALENDAR, RollPolicy.EARLIER)
    assert second.at is None


def off(day: date) -> WorkingCalendar:
    return WorkingCalendar([DayOverride(day=day, working=False, basis="Thông báo số 9")])


@pytest.mark.parametrize(
    ("policy", "final"),
    [
        (RollPolicy.EARLIER, date(2024, 10, 30)),
        (RollPolicy.LATER, date(2024, 11, 1)),
        (RollPolicy.AS_IS, date(2024, 10, 31)),
    ],
)
def test_a_day_off_that_is_announced_later_moves_the_deadline(policy, final):
    deadline = base_deadline(NOVEMBER_1, CALENDAR, policy)
    moved = recalculated_deadline(deadline, off(date(2024, 10, 31)), policy)
    assert moved.final == final
    if final != deadline.final:
        assert moved.steps[-1].reason == "nghỉ theo Thông báo số 9"


def test_a_day_that_is_worked_after_all_takes_the_move_back():
    saturday = latest(date(2024, 11, 30))
    rolled = base_deadline(saturday, CALENDAR, RollPolicy.EARLIER)
    worked = WorkingCalendar([DayOverride(day=date(2024, 11, 30), working=True, basis="Thông báo số 9")])
    assert recalculated_deadline(rolled, worked, RollPolicy.EARLIER) == base_deadline(
        saturday, worked, RollPolicy.EARLIER
    )


@pytest.mark.parametrize("rule", [NOVEMBER_1, latest(date(2024, 11, 30)), latest(date(2024, 2, 12))])
@pytest.mark.parametrize("policy", list(RollPolicy))
def test_an_unchanged_calendar_changes_nothing(rule, policy):
    deadline = base_deadline(rule, CALENDAR, policy)
    assert recalculated_deadline(deadline, CALENDAR, policy) == deadline


def test_only_the_last_move_is_made_anew_and_earlier_decisions_stay():
    rolled = base_deadline(latest(date(2024, 11, 30)), CALENDAR, RollPolicy.EARLIER)
    extended = replaced_deadline(rolled, latest(date(2024, 12, 7)), StepKind.EXTENDED, CALENDAR, RollPolicy.EARLIER)
    again = recalculated_deadline(extended, off(date(2024, 12, 6)), RollPolicy.EARLIER)
    assert kinds(again) == [StepKind.BASE, StepKind.ROLLED, StepKind.EXTENDED, StepKind.ROLLED]
    assert again.final == date(2024, 12, 5)
