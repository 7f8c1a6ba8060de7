"""Whatever the history of looks, nothing that is owed is lost and nothing is owed twice."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from plans.calendar_file import load_calendar
from rules.ladder import Case, Decision, Ladder, Rung, RungKind, decide, rungs
from rules.vocabulary import AssignmentState, Audience, NoticeState

CALENDAR = load_calendar(None)
#: The days that are played: before them nothing is opened, after them no rung is left.
FIRST, LAST = date(2024, 3, 1), date(2024, 7, 31)
DAYS = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]
played = settings(max_examples=50)

offsets = st.lists(st.integers(-12, 12), max_size=4, unique=True).map(sorted).map(tuple)
after_offsets = st.lists(st.integers(1, 12), max_size=2, unique=True).map(sorted).map(tuple)
ladders = st.just(Ladder()) | st.builds(
    Ladder, contact=offsets, head=after_offsets, officer=after_offsets, office_head=after_offsets
)


@st.composite
def cases(draw):
    """A case of April 2024, with its Tết Hùng Vương, its swapped Monday and its make-up Saturday."""
    final = draw(st.none() | st.dates(date(2024, 4, 1), date(2024, 5, 20)))
    return Case(
        state=draw(st.sampled_from([AssignmentState.OPEN, AssignmentState.RETURNED])),
        since=draw(st.dates(FIRST, date(2024, 5, 20))),
        version=draw(st.integers(1, 3)) if final else 0,
        final=final,
        request=draw(st.booleans()) and draw(st.booleans()),
        escalates=draw(st.booleans()),
        own_office=draw(st.booleans()),
        unit_ended=draw(st.booleans()) and draw(st.booleans()),
        bound=draw(st.none() | st.dates(date(2024, 4, 10), date(2024, 6, 10))),
        resting_until=draw(st.none() | st.dates(date(2024, 4, 1), date(2024, 6, 1))),
        answered_until=draw(st.none() | st.dates(date(2024, 4, 1), date(2024, 6, 1))),
        ladder=draw(ladders),
    )


@dataclass
class History:
    """What was recorded in the course of some looks; `sends` says on which days what is owed is also sent."""

    case: Case
    sends: frozenset[date] = frozenset()
    owed: list[tuple[date, Rung]] = field(default_factory=list)

    def look(self, day: date) -> Decision:
        decision = decide(self.case, day, CALENDAR)
        existing = dict(self.case.existing)
        existing |= {rung.key: NoticeState.SUPERSEDED for rung in decision.supersede}
        existing |= {rung.key: NoticeState.SKIPPED for rung, _ in decision.skip}
        existing |= {rung.key: NoticeState.OWED for rung in decision.owe}
        if day in self.sends:
            existing = {key: _sent(state) for key, state in existing.items()}
        self.owed += [(day, rung) for rung in decision.owe]
        self.case = replace(self.case, existing=existing)
        return decision

    def look_on(self, days: Iterable[date]) -> "History":
        for day in days:
            self.look(day)
        return self

    def follow(self) -> list[date]:
        """Look on the opening day, then only when the last look said so; returns the days."""
        looked = []
        day: date | None = self.case.since
        while day is not None:
            looked.append(day)
            day = self.look(day).next_look_on
        return looked


def _sent(state: NoticeState) -> NoticeState:
    return NoticeState.SENT if state is NoticeState.OWED else state


some_days = st.sets(st.sampled_from(DAYS)).map(sorted)
some_sends = st.sets(st.sampled_from(DAYS)).map(frozenset)


@played
@given(cases(), some_days, some_sends)
def test_no_rung_is_ever_owed_twice(case, days, sends):
    owed = [rung.key for _, rung in History(case, sends).look_on(days).owed]
    assert len(owed) == len(set(owed))


@played
@given(cases(), some_days, some_sends, st.sampled_from(DAYS))
def test_a_second_look_on_the_same_day_changes_nothing(case, days, sends, day):
    history = History(case, sends).look_on([*(d for d in days if d < day), day])
    again = decide(history.case, day, CALENDAR)
    assert (again.owe, again.supersede, again.skip) == ((), (), ())


@played
@given(cases(), some_days, some_sends)
def test_at_most_one_rung_of_an_audience_is_owed_at_once(case, days, sends):
    history = History(case, sends)
    for day in days:
        audiences = [rung.audience for rung in history.look(day).owe]
        assert len(audiences) == len(set(audiences))


@played
@given(cases(), some_days, some_sends)
def test_before_the_next_look_nothing_can_be_owed(case, days, sends):
    history = History(case, sends)
    for day in days:
        following = history.look(day).next_look_on
        assert following is None or following > day
        until = min(following or LAST, LAST)
        for between in DAYS[DAYS.index(day) + 1 : DAYS.index(until)]:
            quiet = decide(history.case, between, CALENDAR)
            assert (quiet.owe, quiet.supersede, quiet.skip) == ((), (), ())


@played
@given(cases())
def test_looking_only_when_told_to_finds_what_looking_every_day_finds(case):
    daily, told = History(case), History(case)
    daily.look_on(day for day in DAYS if day >= case.since)
    looked = told.follow()
    assert all(one < two for one, two in pairwise(looked))
    assert told.owed == daily.owed
    assert told.case.existing == daily.case.existing


@played
@given(cases(), some_days, some_sends)
def test_after_any_silence_the_strongest_rung_was_said_and_every_other_is_settled(case, days, sends):
    history = History(case, sends).look_on([*days, LAST])
    for audience in Audience:
        reached = sorted((r for r in rungs(case, CALENDAR) if r.audience is audience), key=lambda rung: rung.strength)
        alive = [rung for rung in reached if rung.day >= case.since]
        states = history.case.existing
        assert {rung.key for rung in reached} == {key for key in states if key[1] is audience}
        if alive:
            assert states[alive[-1].key] in (NoticeState.OWED, NoticeState.SENT, NoticeState.SKIPPED)
            assert all(states[rung.key] is not NoticeState.OWED for rung in reached[: reached.index(alive[-1])])


@played
@given(cases(), some_days)
def test_nothing_is_owed_on_a_day_off_while_reminders_rest_or_once_it_was_handed_in(case, days):
    for day in days:
        decision = decide(case, day, CALENDAR)
        if not CALENDAR.is_working(day):
            assert decision.owe == ()
        if case.resting_until is not None and day <= case.resting_until:
            assert all(rung.offset <= 0 for rung in decision.owe)
        if case.answered_until is not None and day < case.answered_until:
            told = {rung.audience for rung in decision.owe if rung.kind is RungKind.OFFSET}
            assert Audience.CONTACT not in told
        assert decide(replace(case, state=AssignmentState.SUBMITTED), day, CALENDAR) == Decision()
