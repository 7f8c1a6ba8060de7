"""The working days of the year that the demo plays, written down a second time for the recount."""

from datetime import date, timedelta

# The year the demo plays, as the Government announced it: New Year; Tết 8-14/2; Giỗ Tổ 18/4; 29/4 off for 4/5, 30/4 and
# 1/5; National Day 2-3/9. Another year has no table here, and is refused.
YEAR = 2024
DAYS_OFF = {date(YEAR, 1, 1), *(date(YEAR, 2, day) for day in range(8, 15)), date(YEAR, 4, 18), date(YEAR, 4, 29)} | {
    *(date(YEAR, 4, 30), date(YEAR, 5, 1), date(YEAR, 9, 2), date(YEAR, 9, 3))
}
MADE_UP = {date(YEAR, 5, 4)}


def working(day: date) -> bool:
    assert day.year == YEAR, f"the working days of {day.year} are not written here"
    return day in MADE_UP or (day.weekday() < 5 and day not in DAYS_OFF)


def shifted(day: date, offset: int) -> date:
    """Return the n-th working day before or after; 0 is the day itself or the last working day before it."""
    step = timedelta(days=1 if offset > 0 else -1)
    if offset == 0:
        while not working(day):
            day += step
    for _ in range(abs(offset)):
        day += step
        while not working(day):
            day += step
    return day
