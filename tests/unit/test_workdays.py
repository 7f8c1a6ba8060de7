"""Counting working days: what holds for every calendar, the swaps, the overrides and what is only expected."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.workdays import DayOverride, WorkingCalendar

# Two days that a document swapped: a Friday off, a Saturday worked.
SWAP = [
    DayOverride(day=date(2023, 3, 10), working=False, basis="Văn bản số 1/UBND"),
    DayOverride(day=date(2023, 3, 18), working=True, basis="Văn bản số 1/UBND"),
]
CALENDAR = WorkingCalendar(SWAP)

# The first look at a year imports a country and is slow; no example is judged by its time.
untimed = settings(deadline=None)
days = st.dates(date(2019, 1, 1), date(2030, 12, 31))
offsets = st.integers(-600, 600).filter(bool)


@untimed
@given(days, offsets)
def test_a_shift_ends_on_a_working_day_on_the_right_side(day, n):
    shifted = CALENDAR.shift(day, n)
    assert CALENDAR.is_working(shifted)
    assert (shifted > day) == (n > 0)


@untimed
@given(days, offsets)
def test_a_shift_from_a_working_day_and_back_changes_nothing(day, n):
    worked = CALENDAR.on_or_after(day)
    assert CALENDAR.shift(CALENDAR.shift(worked, n), -n) == worked


@untimed
@given(days, offsets)
def test_as_many_days_are_counted_as_were_shifted(day, n):
    start = day if n > 0 else CALENDAR.on_or_after(day)
    assert CALENDAR.count(start, CALENDAR.shift(start, n)) == n


@untimed
@given(days, days, offsets)
def test_a_later_day_never_shifts_to_an_earlier_one(one, other, n):
    assert CALENDAR.shift(min(one, other), n) <= CALENDAR.shift(max(one, other), n)


@untimed
@given(days, days, days)
def test_counts_add_up(one, two, three):
    assert CALENDAR.count(one, two) + CALENDAR.count(two, three) == CALENDAR.count(one, three)


@untimed
@given(days, st.integers(0, 1000))
def test_a_count_is_the_number_of_working_days_seen_one_by_one(start, length):
    seen = sum(CALENDAR.day(start + timedelta(days=n)).working for n in range(1, length + 1))
    assert CALENDAR.count(start, start + timedelta(days=length)) == seen


@untimed
@given(days)
def test_the_nearest_working_days_enclose_a_day_off_and_are_a_working_day_itself(day):
    before, after = CALENDAR.on_or_before(day), CALENDAR.on_or_after(day)
    assert before <= day <= after
    assert (before == day == after) == CALENDAR.is_working(day) == CALENDAR.day(day).working
    assert CALENDAR.count(before, after) == (0 if CALENDAR.is_working(day) else 1)


@untimed
@given(days)
def test_a_day_off_always_has_a_reason(day):
    found = CALENDAR.day(day)
    assert found.working or found.reason


@pytest.mark.parametrize("day", [date(2024, 11, 14), date(2024, 11, 16)])
def test_a_shift_by_nothing_is_refused(day):
    with pytest.raises(ValueError, match="on_or_before or on_or_after"):
        CALENDAR.shift(day, 0)


@pytest.mark.parametrize(
    ("day", "n", "expected"),
    [
        (date(2024, 4, 26), 1, date(2024, 5, 2)),  # over 29/4 (swapped), 30/4 and 1/5
        (date(2024, 5, 3), 1, date(2024, 5, 4)),  # the make-up Saturday is worked
        (date(2024, 5, 4), 1, date(2024, 5, 6)),
        (date(2024, 5, 2), -1, date(2024, 4, 26)),
        (date(2024, 2, 7), 1, date(2024, 2, 15)),  # over Tết
        (date(2024, 12, 31), 1, date(2025, 1, 2)),  # over New Year
        (date(2025, 1, 2), -1, date(2024, 12, 31)),
        (date(2024, 11, 16), -1, date(2024, 11, 15)),  # from a Saturday
        (date(2024, 11, 16), 1, date(2024, 11, 18)),
    ],
)
def test_a_shift_passes_over_days_off(day, n, expected):
    assert CALENDAR.shift(day, n) == expected


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (date(2024, 11, 7), date(2024, 11, 14), 5),  # the first day is not counted, the last is
        (date(2024, 11, 14), date(2024, 11, 7), -5),
        (date(2024, 11, 14), date(2024, 11, 14), 0),
        (date(2024, 11, 15), date(2024, 11, 17), 0),  # from Friday to Sunday
        (date(2024, 4, 26), date(2024, 5, 6), 4),  # 2/5, 3/5, the make-up Saturday and 6/5
        (date(2023, 12, 29), date(2025, 1, 2), 252),  # 2024: 262 weekdays - 12 off + 1 made up; and 02/01/2025
    ],
)
def test_a_count_excludes_its_start_and_includes_its_end(start, end, expected):
    assert CALENDAR.count(start, end) == expected


@pytest.mark.parametrize(
    ("day", "working", "reason"),
    [
        (date(2024, 11, 14), True, ""),
        (date(2024, 11, 16), False, "thứ Bảy"),
        (date(2024, 11, 17), False, "Chủ nhật"),
        (date(2024, 1, 1), False, "Tết Dương lịch"),
        (date(2024, 2, 8), False, "Tết Nguyên đán"),  # the eve's eve
        (date(2024, 2, 14), False, "Tết Nguyên đán"),  # mùng 5
        (date(2024, 4, 18), False, "ngày Giỗ Tổ Hùng Vương"),
        (date(2024, 4, 29), False, "hoán đổi ngày làm việc sang ngày 04/5/2024"),
        (date(2024, 5, 4), True, "làm bù cho ngày 29/4/2024"),
        (date(2023, 5, 3), False, "nghỉ bù ngày Chiến thắng"),
        (date(2024, 9, 3), False, "Quốc khánh"),
        (date(2023, 3, 10), False, "nghỉ theo Văn bản số 1/UBND"),
        (date(2023, 3, 18), True, "làm việc theo Văn bản số 1/UBND"),
    ],
)
def test_a_day_says_why_it_is_off_or_worked(day, working, reason):
    found = CALENDAR.day(day)
    assert (found.working, found.reason) == (working, reason)


def test_an_override_wins_over_a_holiday_and_over_a_make_up_day():
    calendar = WorkingCalendar(
        [
            DayOverride(day=date(2024, 9, 2), working=True, basis="A"),
            DayOverride(day=date(2024, 5, 4), working=False, basis="B"),
        ]
    )
    assert calendar.is_working(date(2024, 9, 2))
    assert not calendar.is_working(date(2024, 5, 4))
    assert calendar.shift(date(2024, 8, 30), 1) == date(2024, 9, 2)


def test_of_two_overrides_of_one_day_the_last_wins():
    first = DayOverride(day=date(2023, 3, 10), working=True, basis="A")
    assert not WorkingCalendar([first, *SWAP]).is_working(date(2023, 3, 10))
    assert WorkingCalendar([*SWAP, first]).is_working(date(2023, 3, 10))


@pytest.mark.parametrize(
    ("day", "provisional"),
    [
        (date(2027, 1, 1), False),  # Tết Dương lịch: fixed
        (date(2027, 2, 4), True),  # the day before giao thừa: the Government chooses it
        (date(2027, 2, 5), False),  # giao thừa: lunar
        (date(2027, 2, 8), False),  # mùng 3: lunar
        (date(2027, 2, 9), True),  # mùng 4: chosen
        (date(2027, 4, 16), False),  # Giỗ Tổ: lunar
        (date(2027, 5, 3), False),  # compensation for 1/5 on a Saturday: by law
        (date(2027, 9, 2), False),  # Quốc khánh: fixed
        (date(2027, 9, 3), True),  # its second day: chosen
        (date(2027, 11, 24), False),  # ngày Văn hóa Việt Nam: fixed
        (date(2027, 6, 1), True),  # an ordinary Tuesday may still be swapped
        (date(2027, 6, 5), False),  # a Saturday
        (date(2019, 4, 29), True),  # a swap before the exact years
        (date(2019, 5, 4), True),  # and its make-up day
    ],
)
def test_outside_the_exact_years_only_lunar_and_fixed_days_are_certain(day, provisional):
    assert CALENDAR.day(day).provisional is provisional


def test_a_make_up_day_in_the_year_after_its_day_off_is_known():
    assert CALENDAR.day(date(2019, 1, 5)).reason == "làm bù cho ngày 31/12/2018"


def test_an_override_is_announced_and_so_never_provisional():
    calendar = WorkingCalendar([DayOverride(day=date(2027, 6, 1), working=False, basis="A")])
    assert not calendar.day(date(2027, 6, 1)).provisional


@pytest.mark.parametrize(
    "other",
    [
        [],
        SWAP[:1],
        [SWAP[0], DayOverride(day=date(2023, 3, 18), working=False, basis="Văn bản số 1/UBND")],
        [SWAP[0], DayOverride(day=date(2023, 3, 18), working=True, basis="Văn bản số 2/UBND")],
    ],
)
def test_calendars_that_differ_have_different_digests(other):
    assert WorkingCalendar(other).digest != CALENDAR.digest


def test_the_digest_depends_on_the_days_and_not_on_their_order():
    assert WorkingCalendar(reversed(SWAP)).digest == CALENDAR.digest


def test_another_version_of_the_library_gives_another_digest(monkeypatch):
    monkeypatch.setattr("rules.workdays.library_version", "0.0")
    assert WorkingCalendar(SWAP).digest != CALENDAR.digest
