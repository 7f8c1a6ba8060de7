"""The working calendar of 2021–2026 against a table written by hand from the announced schedules."""

from datetime import date, timedelta

import pytest

from plans.calendar_file import load_calendar

# Every Monday to Friday on which public offices were off.
WEEKDAYS_OFF = [
    # 2021
    date(2021, 1, 1),  # Friday: Tết Dương lịch
    date(2021, 2, 10),  # Wednesday: 29 tháng Chạp, Tết Nguyên đán 10–16/2
    date(2021, 2, 11),  # Thursday: giao thừa
    date(2021, 2, 12),  # Friday: mùng 1
    date(2021, 2, 15),  # Monday: mùng 4, for mùng 2 on a Saturday
    date(2021, 2, 16),  # Tuesday: mùng 5, for mùng 3 on a Sunday
    date(2021, 4, 21),  # Wednesday: Giỗ Tổ Hùng Vương (10/3 lunar)
    date(2021, 4, 30),  # Friday: ngày Chiến thắng
    date(2021, 5, 3),  # Monday: for 1/5 on a Saturday
    date(2021, 9, 2),  # Thursday: Quốc khánh
    date(2021, 9, 3),  # Friday: Quốc khánh, second day (from 2021 on, Bộ luật Lao động 2019)
    # 2022
    date(2022, 1, 3),  # Monday: for 1/1 on a Saturday
    date(2022, 1, 31),  # Monday: giao thừa, Tết Nguyên đán 31/1–4/2
    date(2022, 2, 1),  # Tuesday: mùng 1
    date(2022, 2, 2),  # Wednesday: mùng 2
    date(2022, 2, 3),  # Thursday: mùng 3
    date(2022, 2, 4),  # Friday: mùng 4
    date(2022, 4, 11),  # Monday: for Giỗ Tổ on Sunday 10/4
    date(2022, 5, 2),  # Monday: for 30/4 on a Saturday
    date(2022, 5, 3),  # Tuesday: for 1/5 on a Sunday
    date(2022, 9, 1),  # Thursday: Quốc khánh, the day before
    date(2022, 9, 2),  # Friday: Quốc khánh
    # 2023
    date(2023, 1, 2),  # Monday: for 1/1 on a Sunday
    date(2023, 1, 20),  # Friday: 29 tháng Chạp, Tết Nguyên đán 20–26/1
    date(2023, 1, 23),  # Monday: mùng 2
    date(2023, 1, 24),  # Tuesday: mùng 3
    date(2023, 1, 25),  # Wednesday: mùng 4
    date(2023, 1, 26),  # Thursday: mùng 5
    date(2023, 5, 1),  # Monday: ngày Quốc tế lao động
    date(2023, 5, 2),  # Tuesday: for Giỗ Tổ on Saturday 29/4
    date(2023, 5, 3),  # Wednesday: for 30/4 on a Sunday
    date(2023, 9, 1),  # Friday: Quốc khánh, the day before
    date(2023, 9, 4),  # Monday: for 2/9 on a Saturday
    # 2024
    date(2024, 1, 1),  # Monday: Tết Dương lịch
    date(2024, 2, 8),  # Thursday: 29 tháng Chạp, Tết Nguyên đán 8–14/2
    date(2024, 2, 9),  # Friday: giao thừa
    date(2024, 2, 12),  # Monday: mùng 3
    date(2024, 2, 13),  # Tuesday: mùng 4
    date(2024, 2, 14),  # Wednesday: mùng 5
    date(2024, 4, 18),  # Thursday: Giỗ Tổ Hùng Vương
    date(2024, 4, 29),  # Monday: worked on Saturday 4/5 instead
    date(2024, 4, 30),  # Tuesday: ngày Chiến thắng
    date(2024, 5, 1),  # Wednesday: ngày Quốc tế lao động
    date(2024, 9, 2),  # Monday: Quốc khánh
    date(2024, 9, 3),  # Tuesday: Quốc khánh, the day after
    # 2025
    date(2025, 1, 1),  # Wednesday: Tết Dương lịch
    date(2025, 1, 27),  # Monday: 28 tháng Chạp, Tết Nguyên đán 27–31/1
    date(2025, 1, 28),  # Tuesday: giao thừa
    date(2025, 1, 29),  # Wednesday: mùng 1
    date(2025, 1, 30),  # Thursday: mùng 2
    date(2025, 1, 31),  # Friday: mùng 3
    date(2025, 4, 7),  # Monday: Giỗ Tổ Hùng Vương
    date(2025, 4, 30),  # Wednesday: ngày Chiến thắng
    date(2025, 5, 1),  # Thursday: ngày Quốc tế lao động
    date(2025, 5, 2),  # Friday: worked on Saturday 26/4 instead
    date(2025, 9, 1),  # Monday: Quốc khánh, the day before
    date(2025, 9, 2),  # Tuesday: Quốc khánh
    # 2026
    date(2026, 1, 1),  # Thursday: Tết Dương lịch
    date(2026, 1, 2),  # Friday: worked on Saturday 10/1 instead
    date(2026, 2, 16),  # Monday: giao thừa, Tết Nguyên đán 16–20/2
    date(2026, 2, 17),  # Tuesday: mùng 1
    date(2026, 2, 18),  # Wednesday: mùng 2
    date(2026, 2, 19),  # Thursday: mùng 3
    date(2026, 2, 20),  # Friday: mùng 4
    date(2026, 4, 27),  # Monday: for Giỗ Tổ on Sunday 26/4
    date(2026, 4, 30),  # Thursday: ngày Chiến thắng
    date(2026, 5, 1),  # Friday: ngày Quốc tế lao động
    date(2026, 8, 31),  # Monday: worked on Saturday 22/8 instead
    date(2026, 9, 1),  # Tuesday: Quốc khánh, the day before
    date(2026, 9, 2),  # Wednesday: Quốc khánh
    date(2026, 11, 24),  # Tuesday: ngày Văn hóa Việt Nam, for the first time
]

# Every Saturday and Sunday on which public offices worked.
WEEKENDS_WORKED = [
    date(2024, 5, 4),  # Saturday, for Monday 29/4
    date(2025, 4, 26),  # Saturday, for Friday 2/5
    date(2026, 1, 10),  # Saturday, for Friday 2/1
    date(2026, 8, 22),  # Saturday, for Monday 31/8
]

CALENDAR = load_calendar(None)


def test_the_table_lists_weekdays_off_and_weekends_worked():
    assert [day for day in WEEKDAYS_OFF if day.weekday() > 4] == []
    assert [day for day in WEEKENDS_WORKED if day.weekday() < 5] == []


@pytest.mark.parametrize("year", range(2021, 2027))
def test_every_day_of_the_year_is_as_announced(year):
    days = [date(year, 1, 1) + timedelta(days=n) for n in range((date(year + 1, 1, 1) - date(year, 1, 1)).days)]
    announced = {day: day in WEEKENDS_WORKED if day.weekday() > 4 else day not in WEEKDAYS_OFF for day in days}
    assert {day: CALENDAR.is_working(day) for day in days} == announced
    assert {day: CALENDAR.day(day).working for day in days} == announced
    assert not any(CALENDAR.day(day).provisional for day in days)


@pytest.mark.parametrize(
    ("before", "last"),
    [
        (date(2022, 12, 1), date(2022, 11, 30)),  # Wednesday
        (date(2023, 12, 1), date(2023, 11, 30)),  # Thursday
        (date(2024, 12, 1), date(2024, 11, 29)),  # Friday; 30/11 is a Saturday
        (date(2025, 12, 1), date(2025, 11, 28)),  # Friday; 30/11 is a Sunday
        (date(2026, 12, 1), date(2026, 11, 30)),  # Monday
        (date(2022, 12, 15), date(2022, 12, 14)),  # Wednesday
        (date(2023, 12, 15), date(2023, 12, 14)),  # Thursday
        (date(2024, 12, 15), date(2024, 12, 13)),  # Friday; 15/12 is a Sunday
        (date(2025, 12, 15), date(2025, 12, 12)),  # Friday; 14/12 is a Sunday
        (date(2026, 12, 15), date(2026, 12, 14)),  # Monday
    ],
)
def test_the_last_working_day_before_a_usual_report_date(before, last):
    assert CALENDAR.shift(before, -1) == last
