"""Periods, their names in storage and in cycle files, and their data windows."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.periods import DataWindow, Period, PeriodError, WindowRegime, data_window, period_from, periods_of
from rules.vocabulary import PeriodKind

CODED = [PeriodKind.HALF_YEAR, PeriodKind.QUARTER, PeriodKind.MONTH]


@pytest.mark.parametrize(
    ("code", "kind", "number", "key"),
    [
        (None, PeriodKind.YEAR, 1, "2024"),
        ("H1", PeriodKind.HALF_YEAR, 1, "2024-H1"),
        ("H2", PeriodKind.HALF_YEAR, 2, "2024-H2"),
        ("Q3", PeriodKind.QUARTER, 3, "2024-Q3"),
        ("M07", PeriodKind.MONTH, 7, "2024-M07"),
        ("M12", PeriodKind.MONTH, 12, "2024-M12"),
    ],
)
def test_a_cycle_file_names_a_period_by_its_code(code, kind, number, key):
    period = period_from(2024, code)
    assert period == Period(kind=kind, year=2024, number=number)
    assert period.key == key


@pytest.mark.parametrize("code", ["", "H3", "Q0", "Q5", "M00", "M13", "M7", "q3", "Q3\n", "2024", "năm"])
def test_a_code_that_names_no_period_is_refused_with_what_can_stand_there(code):
    with pytest.raises(PeriodError, match="is no period; write H1, H2, Q1 to Q4, M01 to M12"):
        period_from(2024, code)


@pytest.mark.parametrize(
    ("kind", "number"),
    [(PeriodKind.YEAR, 2), (PeriodKind.ONCE, 2), (PeriodKind.HALF_YEAR, 3), (PeriodKind.QUARTER, 0)],
)
def test_a_number_that_the_year_does_not_have_is_refused(kind, number):
    with pytest.raises(PeriodError, match=f"no {kind} number {number}"):
        Period(kind=kind, year=2024, number=number)


@pytest.mark.parametrize(
    ("kind", "keys"),
    [
        (PeriodKind.YEAR, ["2024"]),
        (PeriodKind.ONCE, ["2024"]),
        (PeriodKind.HALF_YEAR, ["2024-H1", "2024-H2"]),
        (PeriodKind.QUARTER, ["2024-Q1", "2024-Q2", "2024-Q3", "2024-Q4"]),
        (PeriodKind.MONTH, [f"2024-M{month:02}" for month in range(1, 13)]),
    ],
)
def test_a_year_has_its_periods_in_order(kind, keys):
    assert [period.key for period in periods_of(kind, 2024)] == keys


@settings(deadline=None)
@given(st.sampled_from(CODED), st.integers(2000, 2100))
def test_every_key_can_be_read_back(kind, year):
    for period in periods_of(kind, year):
        assert period_from(year, period.key.partition("-")[2]) == period


@pytest.mark.parametrize(
    ("code", "start", "end"),
    [
        (None, date(2023, 12, 15), date(2024, 12, 14)),
        ("H1", date(2023, 12, 15), date(2024, 6, 14)),
        ("H2", date(2024, 6, 15), date(2024, 12, 14)),
        ("Q1", date(2023, 12, 15), date(2024, 3, 14)),
        ("Q4", date(2024, 9, 15), date(2024, 12, 14)),
        ("M01", date(2023, 12, 15), date(2024, 1, 14)),
        ("M03", date(2024, 2, 15), date(2024, 3, 14)),
    ],
)
def test_the_decrees_window_runs_from_the_15th_to_the_14th(code, start, end):
    assert data_window(period_from(2024, code), WindowRegime.DECREE_09) == DataWindow(start=start, end=end)


@pytest.mark.parametrize(
    ("code", "start", "end"),
    [
        (None, date(2024, 1, 1), date(2024, 12, 31)),
        ("H1", date(2024, 1, 1), date(2024, 6, 30)),
        ("H2", date(2024, 7, 1), date(2024, 12, 31)),
        ("Q3", date(2024, 7, 1), date(2024, 9, 30)),
        ("M02", date(2024, 2, 1), date(2024, 2, 29)),  # a leap year
        ("M12", date(2024, 12, 1), date(2024, 12, 31)),
    ],
)
def test_a_calendar_window_is_whole_months(code, start, end):
    assert data_window(period_from(2024, code), WindowRegime.CALENDAR) == DataWindow(start=start, end=end)


@settings(deadline=None)
@given(st.sampled_from(PeriodKind), st.integers(2000, 2100), st.sampled_from(WindowRegime))
def test_windows_follow_each_other_without_gap_or_overlap_into_the_next_year(kind, year, regime):
    periods = [*periods_of(kind, year), periods_of(kind, year + 1)[0]]
    windows = [data_window(period, regime) for period in periods]
    for earlier, later in pairwise(windows):
        assert later.start == earlier.end + timedelta(days=1)
