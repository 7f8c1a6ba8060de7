"""The ladder on the real days of 2024: who is owed what on which day, and what is not owed at all."""

from dataclasses import replace
from datetime import date

import pytest

from plans.calendar_file import load_calendar
from rules.ladder import Case, Decision, Ladder, Rung, decide, rungs
from rules.vocabulary import AssignmentState, Audience, NoticeState, SkipReason
from rules.workdays import DayOverride, WorkingCalendar

CALENDAR = load_calendar(None)
#: The communes' yearly report of 2024: opened on the first working Monday, due on Thursday, 31/10.
OPENING, FINAL = date(2024, 1, 8), date(2024, 10, 31)
REPORT = Case(state=AssignmentState.OPEN, since=OPENING, version=1, final=FINAL, escalates=True)


def oct24(day: int) -> date:
    return date(2024, 10, day)


def nov24(day: int) -> date:
    return date(2024, 11, day)


def said(found: tuple[Rung, ...]) -> list[str]:
    return [f"{rung.code} {rung.audience}" for rung in found]


def owed(case: Case, day: date) -> list[str]:
    return said(decide(case, day, CALENDAR).owe)


def days_of(case: Case) -> dict[str, date]:
    return {f"{rung.code} {rung.audience}": rung.day for rung in rungs(case, CALENDAR)}


def recorded(case: Case, decision: Decision, state: NoticeState = NoticeState.SENT) -> Case:
    """Return the case as it is once the decision was written down and what it owes was sent."""
    existing = dict(case.existing)
    existing |= {rung.key: NoticeState.SUPERSEDED for rung in decision.supersede}
    existing |= {rung.key: NoticeState.SKIPPED for rung, _ in decision.skip}
    existing |= {rung.key: state for rung in decision.owe}
    return replace(case, existing=existing)


def after(case: Case, *days: date) -> Case:
    """Return the case after these mornings, every notice sent."""
    for day in days:
        case = recorded(case, decide(case, day, CALENDAR))
    return case


EVERY_RUNG = [
    # The unit's đầu mối: word of the task on the day of the opening, then a countdown.
    ("opened contact", OPENING),
    ("-15 contact", oct24(10)),
    ("-5 contact", oct24(24)),
    ("0 contact", oct24(31)),
    ("+1 contact", nov24(1)),
    ("+6 contact", nov24(8)),
    ("+11 contact", nov24(15)),
    ("+16 contact", nov24(22)),
    # The unit's head hears of it once, on the first day after.
    ("+1 head", nov24(1)),
    # The labour office's officer on the same day; its head on the third, 2 and 3/11 being a weekend.
    ("+1 officer", nov24(1)),
    ("+3 office-head", nov24(5)),
]


@pytest.mark.parametrize(("rung", "day"), EVERY_RUNG)
def test_every_rung_of_a_yearly_report_stands_on_its_day(rung, day):
    assert days_of(REPORT)[rung] == day


def test_there_are_no_other_rungs_and_nothing_goes_further_up():
    assert sorted(days_of(REPORT)) == sorted(rung for rung, _ in EVERY_RUNG)
    assert set(Audience) == {Audience.CONTACT, Audience.HEAD, Audience.OFFICER, Audience.OFFICE_HEAD}


@pytest.mark.parametrize(("rung", "day"), EVERY_RUNG)
def test_on_its_day_a_rung_is_owed_and_on_the_day_before_it_is_not(rung, day):
    before = after(REPORT, *(earlier for earlier in sorted({each for _, each in EVERY_RUNG}) if earlier < day))
    assert rung in owed(before, day)
    assert rung not in owed(before, CALENDAR.shift(day, -1))


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        # Saturday 2/11 kept as it is: the last working day before it is Friday, the first after it Monday.
        (
            replace(REPORT, final=nov24(2)),
            {"-5 contact": oct24(28), "0 contact": nov24(1), "+1 contact": nov24(4), "+3 office-head": nov24(6)},
        ),
        # Sunday 3/11 likewise: one day off or two, the working days around them are the same.
        (replace(REPORT, final=nov24(3)), {"0 contact": nov24(1), "+1 head": nov24(4)}),
        # Liberation Day and the swapped Monday before it: 0 on Friday 26/4, +1 on Thursday 2/5.
        (replace(REPORT, final=date(2024, 4, 30)), {"0 contact": date(2024, 4, 26), "+1 contact": date(2024, 5, 2)}),
        # The make-up Saturday 4/5/2024 is worked, so a deadline on it is met on it.
        (replace(REPORT, final=date(2024, 5, 4)), {"0 contact": date(2024, 5, 4), "+1 contact": date(2024, 5, 6)}),
    ],
)
def test_a_deadline_that_stays_on_a_day_off_counts_from_the_working_days_around_it(case, expected):
    assert expected.items() <= days_of(case).items()


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        # Not a yearly report, such as the plan of V.4-1.a: nobody above the unit hears of it.
        (replace(REPORT, escalates=False), {"opened", "-15", "-5", "0", "+1", "+6", "+11", "+16"}),
        # No deadline yet, or continuous work: word of the task and nothing more.
        (replace(REPORT, version=0, final=None), {"opened"}),
        # A second deadline version is news of another kind.
        (replace(REPORT, version=2), {"changed", "-15", "-5", "0", "+1", "+3", "+6", "+11", "+16"}),
        # "Đề nghị": one courteous invitation, even if somebody agreed on a date.
        (replace(REPORT, request=True), {"invited"}),
        (replace(REPORT, request=True, version=0, final=None), {"invited"}),
        # The office itself has to report on 21/11: +16 on 22/11 would help nobody, +11 on 15/11 still does.
        (replace(REPORT, bound=nov24(21)), {"opened", "-15", "-5", "0", "+1", "+3", "+6", "+11"}),
        # A reminder on the consolidator's own last day still helps.
        (replace(REPORT, bound=nov24(22)), {"opened", "-15", "-5", "0", "+1", "+3", "+6", "+11", "+16"}),
        # A bound before the deadline itself takes nothing away before the deadline.
        (replace(REPORT, bound=oct24(15)), {"opened", "-15", "-5", "0"}),
        # A plan's own offsets.
        (
            replace(REPORT, ladder=Ladder(contact=(-3,), head=(), officer=(2,), office_head=())),
            {"opened", "-3", "+2"},
        ),
    ],
)
def test_what_kind_of_task_it_is_says_which_rungs_there_are(case, expected):
    assert {rung.code for rung in rungs(case, CALENDAR)} == expected


@pytest.mark.parametrize("state", [AssignmentState.SUBMITTED, AssignmentState.ACCEPTED, AssignmentState.NOTED])
def test_a_unit_that_has_handed_in_is_owed_nothing_and_never_looked_at_again(state):
    assert decide(replace(REPORT, state=state), nov24(5), CALENDAR) == Decision()


def test_a_report_that_was_returned_is_waited_for_again():
    returned = replace(REPORT, state=AssignmentState.RETURNED, version=2, since=oct24(28), final=nov24(8))
    assert owed(returned, oct24(28)) == ["changed contact"]
    assert owed(after(returned, oct24(28)), nov24(1)) == ["-5 contact"]
    assert owed(after(returned, oct24(28), nov24(1), nov24(8)), nov24(11)) == ["+1 contact", "+1 head", "+1 officer"]


@pytest.mark.parametrize(
    "day_off",
    [nov24(2), nov24(3), date(2024, 2, 9), date(2024, 4, 29), date(2024, 9, 2)],  # weekend, Tết, swapped, holidays
)
def test_on_a_day_off_nothing_is_owed_and_the_next_working_day_looks(day_off):
    late = replace(REPORT, since=date(2024, 1, 2), final=date(2024, 1, 5))
    decision = decide(late, day_off, CALENDAR)
    assert decision == Decision(next_look_on=CALENDAR.on_or_after(day_off))


def test_the_make_up_saturday_is_a_morning_like_any_other():
    assert owed(replace(REPORT, final=date(2024, 5, 4), since=date(2024, 5, 4)), date(2024, 5, 4)) == ["0 contact"]


CATCH_UP = [
    # After silence from the opening on: of what was missed only the countdown is said.
    (oct24(10), ["-15 contact"], ["opened contact"]),
    (oct24(11), ["-15 contact"], ["opened contact"]),
    (oct24(24), ["-5 contact"], ["opened contact", "-15 contact"]),
    (oct24(30), ["-5 contact"], ["opened contact", "-15 contact"]),
    (oct24(31), ["0 contact"], ["opened contact", "-15 contact", "-5 contact"]),
    # Each audience catches up by itself: on +2 the office's officer hears of +1, on +3 its head too.
    (
        nov24(4),
        ["+1 contact", "+1 head", "+1 officer"],
        ["opened contact", "-15 contact", "-5 contact", "0 contact"],
    ),
    (
        nov24(12),
        ["+6 contact", "+1 head", "+1 officer", "+3 office-head"],
        ["opened contact", "-15 contact", "-5 contact", "0 contact", "+1 contact"],
    ),
]


@pytest.mark.parametrize(("day", "owe", "supersede"), CATCH_UP)
def test_after_silence_only_the_strongest_rung_of_each_audience_is_owed(day, owe, supersede):
    decision = decide(REPORT, day, CALENDAR)
    assert said(decision.owe) == owe
    assert said(decision.supersede) == supersede


def test_a_weaker_rung_that_was_not_sent_yet_is_superseded_and_one_that_was_sent_stays():
    waiting = recorded(REPORT, decide(REPORT, oct24(10), CALENDAR), NoticeState.OWED)
    assert said(decide(waiting, oct24(24), CALENDAR).supersede) == ["-15 contact"]
    sent = recorded(REPORT, decide(REPORT, oct24(10), CALENDAR), NoticeState.SENT)
    assert decide(sent, oct24(24), CALENDAR).supersede == ()


@pytest.mark.parametrize("state", [NoticeState.FAILED, NoticeState.SKIPPED, NoticeState.SENT, NoticeState.OWED])
def test_what_was_recorded_is_not_owed_again_whatever_became_of_it(state):
    done = replace(after(REPORT, OPENING), existing={("opened", Audience.CONTACT): state})
    assert decide(done, oct24(9), CALENDAR) == Decision(next_look_on=oct24(10))


@pytest.mark.parametrize(
    ("since", "owe", "supersede"),
    [
        # Opened in the midst of the countdown: what lies before the opening was never due to be said.
        (oct24(28), ["opened contact"], ["-15 contact", "-5 contact"]),
        # Opened on the day of a rung: the countdown says more than the news that there is something to do.
        (oct24(24), ["-5 contact"], ["-15 contact", "opened contact"]),
        # Opened after the deadline: nobody is late on the day he is first told.
        (nov24(11), ["opened contact"], ["-15 contact", "-5 contact", "0 contact"]),
    ],
)
def test_rungs_dated_before_their_version_are_superseded_at_once(since, owe, supersede):
    decision = decide(replace(REPORT, since=since), since, CALENDAR)
    assert (said(decision.owe), said(decision.supersede)) == (owe, supersede)


@pytest.mark.parametrize(
    ("since", "plus_one", "plus_three"),
    [
        (OPENING, nov24(1), nov24(5)),  # opened before the deadline: the deadline counts
        (FINAL, nov24(1), nov24(5)),  # on its day
        (nov24(11), nov24(12), nov24(14)),  # opened on Monday, 11/11, after it: the opening counts
        (nov24(9), nov24(11), nov24(13)),  # on a Saturday
    ],
)
def test_escalation_counts_from_the_later_of_deadline_and_opening(since, plus_one, plus_three):
    days = days_of(replace(REPORT, since=since))
    assert (days["+1 officer"], days["+3 office-head"]) == (plus_one, plus_three)


def test_the_office_is_not_told_of_its_own_report_but_its_head_is_reminded():
    own = after(replace(REPORT, own_office=True), OPENING, oct24(10), oct24(24), oct24(31))
    decision = decide(own, nov24(1), CALENDAR)
    assert said(decision.owe) == ["+1 contact", "+1 head"]
    assert [(rung.code, str(rung.audience), why) for rung, why in decision.skip] == [
        ("+1", "officer", SkipReason.OWN_REPORT)
    ]
    third = decide(recorded(own, decision), nov24(5), CALENDAR)
    assert said(third.owe) == ["+3 head"]
    assert [(rung.code, str(rung.audience), why) for rung, why in third.skip] == [
        ("+3", "office-head", SkipReason.OWN_REPORT)
    ]


def test_the_notices_of_a_unit_that_ended_are_skipped_by_name():
    decision = decide(replace(REPORT, unit_ended=True), nov24(5), CALENDAR)
    assert decision.owe == ()
    assert [(f"{rung.code} {rung.audience}", why) for rung, why in decision.skip] == [
        ("+1 contact", SkipReason.UNIT_ENDED),
        ("+1 head", SkipReason.UNIT_ENDED),
        ("+1 officer", SkipReason.UNIT_ENDED),
        ("+3 office-head", SkipReason.UNIT_ENDED),
    ]


#: A công văn was recorded on 4/11; for five working days, until 11/11, reminders rest.
RESTING = replace(after(REPORT, OPENING, oct24(10), oct24(24), oct24(31), nov24(1)), resting_until=nov24(11))


@pytest.mark.parametrize("day", [nov24(5), nov24(8), nov24(11)])
def test_nothing_is_owed_while_reminders_rest_after_a_letter(day):
    assert decide(RESTING, day, CALENDAR) == Decision(next_look_on=nov24(12))


def test_the_strongest_of_what_was_put_off_is_owed_after_the_rest():
    decision = decide(RESTING, nov24(12), CALENDAR)
    assert said(decision.owe) == ["+6 contact", "+3 office-head"]
    assert decision.next_look_on == nov24(15)


def test_a_rest_does_not_touch_what_comes_before_the_deadline():
    early = replace(after(REPORT, OPENING), resting_until=oct24(31))
    assert owed(early, oct24(24)) == ["-5 contact"]


def test_a_day_off_that_is_announced_later_moves_the_rungs_that_are_still_to_come():
    friday_off = WorkingCalendar([DayOverride(day=nov24(1), working=False, basis="Công văn số 1")])
    assert {rung.code: rung.day for rung in rungs(REPORT, friday_off)}["+3"] == nov24(6)


def test_the_spelling_of_a_rung_in_storage_is_fixed():
    assert [rung.code for rung in rungs(REPORT, CALENDAR)] == [
        *("opened", "-15", "-5", "0", "+1", "+6", "+11", "+16"),
        *("+1", "+3", "+1"),
    ]


def test_a_unit_that_said_when_it_will_come_is_not_reminded_before_that_day_but_its_head_and_the_office_are():
    reminded = after(REPORT, OPENING, oct24(10), oct24(24), oct24(31))
    waiting = replace(reminded, answered_until=nov24(8))
    assert owed(waiting, nov24(1)) == ["+1 head", "+1 officer"]
    assert owed(after(waiting, nov24(1)), nov24(5)) == ["+3 office-head"]


def test_on_the_day_it_named_it_is_reminded_again_by_the_strongest_rung_alone():
    reminded = after(REPORT, OPENING, oct24(10), oct24(24), oct24(31))
    waiting = after(replace(reminded, answered_until=nov24(8)), nov24(1), nov24(5))
    decision = decide(waiting, nov24(8), CALENDAR)
    assert said(decision.owe) == ["+6 contact"]
    assert said(decision.supersede) == ["+1 contact"]


def test_an_answer_before_the_deadline_lets_the_countdown_rest_but_the_last_day_is_told():
    waiting = after(replace(REPORT, answered_until=FINAL), OPENING, oct24(10))
    assert owed(waiting, oct24(24)) == []
    assert owed(waiting, FINAL) == ["0 contact"]


def test_news_is_never_kept_back_by_an_answer():
    assert owed(replace(REPORT, answered_until=FINAL), OPENING) == ["opened contact"]


def test_a_clock_set_back_before_the_date_was_given_owes_nothing_of_the_time_before():
    later = replace(REPORT, since=oct24(28), version=2)
    decision = decide(later, oct24(25), CALENDAR)
    assert said(decision.owe) == []
    assert said(decision.supersede) == ["-15 contact", "-5 contact"]
