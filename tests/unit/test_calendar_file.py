"""The files of moved days: the shipped one, an office's own on top, and what is said of a bad one."""

from datetime import date

import pytest

from plans.calendar_file import SHIPPED, load_calendar, read_overrides
from rules.errors import DondocError
from rules.workdays import DayOverride

GOOD = """\
- day: 2027-04-29
  working: false
  basis: Văn bản số 5/VPCP ngày 01/4/2027
- day: 2027-05-08
  working: true
  basis: Văn bản số 5/VPCP
    ngày 01/4/2027
"""


@pytest.fixture
def own(tmp_path):
    return tmp_path / "lich.yaml"


def test_a_file_gives_its_days_in_order(own):
    own.write_text(GOOD, encoding="utf-8")
    basis = "Văn bản số 5/VPCP ngày 01/4/2027"
    assert read_overrides(own) == (
        DayOverride(day=date(2027, 4, 29), working=False, basis=basis),
        DayOverride(day=date(2027, 5, 8), working=True, basis=basis),
    )


def test_the_shipped_file_knows_the_swap_that_the_library_misses():
    assert [(override.day, override.working) for override in read_overrides(SHIPPED)] == [
        (date(2026, 1, 2), False),
        (date(2026, 1, 10), True),
    ]


@pytest.mark.parametrize("text", ["", "# Chưa có ngày nào\n", "[]\n"])
def test_a_file_without_days_changes_nothing(own, text):
    own.write_text(text, encoding="utf-8")
    assert load_calendar(own).digest == load_calendar(None).digest


def test_the_offices_own_file_wins_day_by_day_over_the_shipped_one(own):
    own.write_text("- {day: 2026-01-10, working: false, basis: Văn bản số 7/UBND}\n", encoding="utf-8")
    calendar = load_calendar(own)
    assert not calendar.is_working(date(2026, 1, 10))
    assert calendar.day(date(2026, 1, 10)).reason == "nghỉ theo Văn bản số 7/UBND"
    assert not calendar.is_working(date(2026, 1, 2))
    assert calendar.digest != load_calendar(None).digest


@pytest.mark.parametrize(
    ("wrong", "line", "said"),
    [
        ("- {day: 2024-06-31, working: true, basis: A}", 1, "there is no such day as 2024-06-31; look at a calendar"),
        ("- {day: 31/5/2024, working: true, basis: A}", 1, "'31/5/2024' is no date; write the year first"),
        ("- {day: , working: true, basis: A}", 1, "'None' is no date"),
        ("- {working: true, basis: A}", 1, "'day' is missing; an entry has the keys day, working, basis"),
        ("- day: 2024-06-03\n  working: true", 1, "'basis' is missing"),
        ("- day: 2024-06-03\n  working: true\n  basis: ' '", 3, "the basis is empty; name the document"),
        ("- day: 2024-06-03\n  working: true\n  basis: [A]", 3, "the basis is empty; name the document"),
        ("- day: 2024-06-03\n  working: nghỉ\n  basis: A", 2, "'nghỉ' says neither yes nor no; write true"),
        ("- day: 2024-06-03\n  workng: true\n  basis: A", 2, "unknown key 'workng'; did you mean 'working'?"),
        ("- day: 2024-06-03\n  working: true\n  basis: A\n  by: B", 4, "unknown key 'by'; leave it out"),
        (GOOD + GOOD, 8, "2027-04-29 stands here twice (first on line 1); keep one"),
        ("- 2024-06-03", 1, "this is no entry; write the keys day, working and basis"),
        ("day: 2024-06-03", 1, "write a list of days"),
        ("- day: 2024-06-03\n  basis: A\n  basis: B\n  working: true", 3, "the key 'basis' stands here twice"),
        ("- day: [", 1, "this is no valid YAML"),
    ],
)
def test_a_bad_file_is_refused_with_the_line_and_the_mend(own, wrong, line, said):
    own.write_text(wrong, encoding="utf-8")
    with pytest.raises(DondocError) as refused:
        load_calendar(own)
    assert f"{own}:{line}: {said}" in str(refused.value)


def test_all_that_is_wrong_is_told_at_once_a_line_each(own):
    own.write_text("- {day: 2024-06-31, working: true}\n- {day: 2024-06-03, working: 7, basis: A}\n", encoding="utf-8")
    with pytest.raises(DondocError) as refused:
        read_overrides(own)
    assert [line.split(": ")[0] for line in str(refused.value).splitlines()] == [f"{own}:1", f"{own}:1", f"{own}:2"]


def test_a_file_that_is_not_there_is_refused_by_name(own):
    with pytest.raises(DondocError, match="there is no such file"):
        load_calendar(own)
