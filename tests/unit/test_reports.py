from dataclasses import replace
from datetime import date, timedelta
from unicodedata import normalize

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.reports import (
    LARGEST_NUMBER,
    LONGEST_LINE,
    LONGEST_TEXT,
    MOST_ACTIVITIES,
    Activity,
    ActivityForm,
    Fault,
    FaultKind,
    Money,
    MoneySource,
    Narrative,
    Report,
    Window,
    fields_of,
    is_report_field,
    read_day,
    read_report,
    require_content,
    window_of,
)

WINDOW = Window(first=date(2023, 12, 15), last=date(2024, 12, 31))

#: What a person types into a page or a sheet: letters of any script, line ends, no controls; and not the word that a
#: spreadsheet program writes for a pasted line end, which the form leaves out.
texts = (
    st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"]) | st.just("\n"), max_size=60)
    .map(lambda text: normalize("NFC", text).strip())
    .filter(lambda text: len(text) <= LONGEST_LINE and "_x000D_" not in text)
)
numbers = st.none() | st.integers(0, LARGEST_NUMBER)


@st.composite
def activities(draw):
    attendees = draw(numbers)
    activity = Activity(
        form=draw(st.sampled_from(ActivityForm)),
        day=draw(st.none() | st.dates(WINDOW.first, WINDOW.last)),
        place=draw(texts),
        topic=draw(texts),
        sessions=draw(numbers),
        attendees=attendees,
        poor=draw(st.none() | st.integers(0, LARGEST_NUMBER if attendees is None else attendees)),
        articles=draw(numbers),
        cost=draw(numbers),
        evidence=draw(texts),
    )
    # A form alone is an empty row.
    return activity if activity != Activity(form=activity.form) else replace(activity, sessions=1)


reports = st.builds(
    Report,
    narrative=st.fixed_dictionaries(dict.fromkeys(Narrative, texts)),
    activities=st.lists(activities(), max_size=4).map(tuple),
    money=st.tuples(
        *(st.builds(Money, source=st.just(source), planned=numbers, spent=numbers) for source in MoneySource)
    ),
    nested_in=texts,
)


def read(**fields):
    return read_report(fields, window=WINDOW)


def first(**fields):
    """Read the fields of one activity."""
    return read(**{f"activities-0-{name}": value for name, value in fields.items()})


@given(report=reports)
def test_a_report_written_as_fields_reads_as_the_same_report(report):
    reading = read_report(dict(fields_of(report)), window=WINDOW)
    assert reading.report == report
    assert reading.faults == ()


@given(report=reports)
def test_every_field_of_a_report_is_known_as_one(report):
    assert all(is_report_field(name) for name, _ in fields_of(report))


@settings(max_examples=200)
@given(raw=st.dictionaries(st.sampled_from([f"activities-0-{n}" for n in ("form", "day", "poor", "cost")]), st.text()))
def test_whatever_is_typed_is_read_or_named(raw):
    reading = read_report(raw, window=WINDOW)
    assert {fault.field for fault in reading.faults} <= raw.keys()


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("1200", 1200),
        ("1.200", 1200),  # thousands by a dot, as Vietnamese writes them
        ("1.200.000", 1_200_000),
        ("1 200 000", 1_200_000),
        ("1\u00a0200", 1200),  # the space that Excel and Word put in by themselves
        ("  7 ", 7),
        ("007", 7),
        ("0", 0),  # entered as nought, and nought it stays
        ("", None),  # nothing was entered, which is not nought
        ("   ", None),
        (str(LARGEST_NUMBER), LARGEST_NUMBER),
    ],
)
def test_a_number_is_read_as_people_write_it(typed, number):
    reading = first(cost=typed, topic="Phát thanh")
    assert reading.report.activities[0].cost == number
    assert reading.faults == ()


@pytest.mark.parametrize(
    ("typed", "kind"),
    [
        ("12 người", FaultKind.NOT_A_NUMBER),  # letters in a number
        ("khoảng 50", FaultKind.NOT_A_NUMBER),
        ("12,5", FaultKind.NOT_A_NUMBER),  # half a person
        ("12.5", FaultKind.NOT_A_NUMBER),
        ("1.20", FaultKind.NOT_A_NUMBER),  # a dot that groups nothing
        ("1,200", FaultKind.NOT_A_NUMBER),  # American thousands, or Vietnamese decimals: nobody can know
        ("1.200,5", FaultKind.NOT_A_NUMBER),
        ("١٢", FaultKind.NOT_A_NUMBER),  # digits, but none that an office types
        ("1e6", FaultKind.NOT_A_NUMBER),
        ("-5", FaultKind.NEGATIVE),
        ("-1.200", FaultKind.NEGATIVE),
        (str(LARGEST_NUMBER + 1), FaultKind.TOO_LARGE),
    ],
)
def test_what_is_no_count_is_named_and_left_out(typed, kind):
    reading = first(attendees=typed, topic="Sinh hoạt cộng đồng")
    assert reading.faults == (Fault(field="activities-0-attendees", kind=kind, value=typed),)
    assert reading.report.activities[0].attendees is None
    assert reading.report.activities[0].topic == "Sinh hoạt cộng đồng"


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        ("14/11/2024", date(2024, 11, 14)),
        ("6/5/2024", date(2024, 5, 6)),  # the day comes first
        ("06-05-2024", date(2024, 5, 6)),
        ("06.05.2024", date(2024, 5, 6)),
        ("2024-11-14", date(2024, 11, 14)),  # as a browser sends it
        ("29/02/2024", date(2024, 2, 29)),
        ("29/02/2023", None),  # no such day
        ("31/11/2024", None),
        ("11/14/2024", None),  # American order
        ("14/11/24", None),  # which century is a guess
        ("tháng 5", None),
        ("", None),
    ],
)
def test_a_day_is_read_with_the_day_first(typed, day):
    assert read_day(typed) == day


def test_a_day_that_does_not_exist_is_named():
    assert [fault.kind for fault in first(day="31/11/2024").faults] == [FaultKind.NOT_A_DATE]


@pytest.mark.parametrize(
    ("day", "stands"),
    [
        (WINDOW.first, True),
        (WINDOW.last, True),
        (WINDOW.first - timedelta(days=1), False),
        (WINDOW.last + timedelta(days=1), False),
    ],
)
def test_a_day_outside_the_period_is_named_and_kept(day, stands):
    reading = first(day=day.isoformat())
    assert [fault.kind for fault in reading.faults] == ([] if stands else [FaultKind.OUTSIDE_PERIOD])
    assert reading.report.activities[0].day == day


@pytest.mark.parametrize(
    ("year", "period", "window"),
    [
        # The decree's year begins in December, the calendar's ends in it: a day of either is possible.
        (2024, "2024", WINDOW),
        (2024, "2024-Q3", Window(first=date(2024, 6, 15), last=date(2024, 9, 30))),
        (2024, "2024-H1", Window(first=date(2023, 12, 15), last=date(2024, 6, 30))),
        (2024, "2024-M01", Window(first=date(2023, 12, 15), last=date(2024, 1, 31))),
    ],
)
def test_the_window_takes_the_days_of_both_regimes(year, period, window):
    assert window_of(year, period) == window


def test_more_poor_people_than_people_are_named_at_the_smaller_number():
    reading = first(attendees="40", poor="41")
    assert reading.faults == (Fault(field="activities-0-poor", kind=FaultKind.MORE_THAN_ALL, value="41"),)


def test_poor_people_without_a_count_of_all_stand():
    assert first(poor="41").faults == ()


def test_a_form_that_nobody_knows_is_named_and_read_as_another():
    reading = first(form="hội thi", topic="Hội thi")
    assert [(fault.field, fault.kind) for fault in reading.faults] == [("activities-0-form", FaultKind.UNKNOWN_FORM)]
    assert reading.report.activities[0].form is ActivityForm.OTHER


def test_rows_in_which_only_a_form_was_chosen_are_empty():
    reading = read(**{"activities-0-form": "talk", "activities-3-form": "contest", "activities-3-sessions": "1"})
    assert reading.report.activities == (Activity(form=ActivityForm.CONTEST, sessions=1),)


def test_faults_bear_the_number_of_the_row_as_typed_not_as_counted():
    reading = read(**{"activities-2-cost": "1", "activities-9-cost": "x"})
    assert [fault.field for fault in reading.faults] == ["activities-9-cost"]


def test_more_rows_than_a_year_has_are_named_and_cut():
    reading = read(**{f"activities-{n}-cost": "1" for n in range(MOST_ACTIVITIES + 1)})
    assert [(fault.field, fault.kind) for fault in reading.faults] == [("activities", FaultKind.TOO_MANY)]
    assert len(reading.report.activities) == MOST_ACTIVITIES


def test_a_text_that_is_too_long_is_named_and_cut():
    reading = read(results="a" * (LONGEST_TEXT + 1))
    assert reading.faults == (Fault(field="results", kind=FaultKind.TOO_LONG, value="a" * 40),)
    assert len(reading.report.narrative[Narrative.RESULTS]) == LONGEST_TEXT


def test_line_ends_of_a_browser_become_plain_ones():
    assert read(results="một\r\nhai").report.narrative[Narrative.RESULTS] == "một\nhai"


def test_money_that_was_not_entered_is_not_nought():
    reading = read(**{"money-subproject-planned": "50.000.000", "money-subproject-spent": "0"})
    assert reading.report.money == (
        Money(source=MoneySource.SUBPROJECT, planned=50_000_000, spent=0),
        Money(source=MoneySource.OTHER),
    )


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("results", True),
        ("nested_in", True),
        ("activities-0-day", True),
        ("activities-0-password", False),  # not one of ours
        ("activities-x-day", False),
        ("activities-00000-day", False),  # more digits than there are rows
        ("money-other-spent", True),
        ("money-bank-spent", False),
        ("csrf_token", False),
    ],
)
def test_only_fields_of_a_report_are_kept(name, known):
    assert is_report_field(name) is known


@pytest.mark.parametrize(
    ("fields", "missing"),
    [
        ({}, True),
        ({"strengths": "Tốt"}, True),  # praise is no result
        ({"results": "Đã tổ chức 12 buổi."}, False),
        ({"nested_in": "Báo cáo số 15/BC-UBND"}, False),  # the other report has the results
    ],
)
def test_a_report_says_what_was_done_or_where_that_stands(fields, missing):
    faults = require_content(read(**fields))
    assert faults == ((Fault(field="results", kind=FaultKind.MISSING),) if missing else ())
