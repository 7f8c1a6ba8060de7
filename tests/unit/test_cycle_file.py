"""A year's dates: each set by a person, with its basis, once."""

from datetime import date, time
from pathlib import Path

import pytest

from plans.problems import FileError
from plans.reading import read_cycle
from rules.deadlines import Form
from rules.vocabulary import PeriodKind

KONRAY_2024 = Path(__file__).parents[2] / "examples" / "konray" / "cycles" / "2024.yaml"

CYCLE = """\
plan: thu-2024
year: 2024
deadlines:
  - duty: V.4-3.a
    before: 2024-11-01
    basis: Đề xuất
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "2024.yaml"


def refusal(path: Path, text: str) -> str:
    path.write_text(text, "utf-8")
    with pytest.raises(FileError) as refused:
        read_cycle(path)
    return str(refused.value).replace(f"{path}:", "")


def test_the_example_proposes_three_dates_and_says_that_it_does():
    cycle = read_cycle(KONRAY_2024)
    assert {one.duty: (one.before, one.latest) for one in cycle.deadlines} == {
        "V.4-1.a": (None, date(2024, 3, 29)),
        "V.4-3.a": (date(2024, 11, 1), None),
        "V.1-1.c": (date(2024, 11, 22), None),
    }
    assert (cycle.proposed, cycle.data_close) == (True, date(2024, 10, 15))
    assert all(one.basis for one in cycle.deadlines)


def test_a_date_reaches_the_rules_with_its_form_basis_and_hour(path):
    path.write_text(CYCLE + '    time: "16:00"\n', "utf-8")
    cycle = read_cycle(path)
    rule = cycle.due_rule(cycle.deadlines[0])
    assert (rule.form, rule.written, rule.basis, rule.proposed) == (Form.BEFORE, date(2024, 11, 1), "Đề xuất", False)
    assert rule.at == time(16)


def test_an_hour_needs_no_quotes(path):
    path.write_text(CYCLE + "    time: 16:00\n", "utf-8")
    assert read_cycle(path).deadlines[0].at == time(16)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("H1", PeriodKind.HALF_YEAR),
        ("Q4", PeriodKind.QUARTER),
        ("M12", PeriodKind.MONTH),
        ("null", PeriodKind.YEAR),
    ],
)
def test_a_period_says_of_what_kind_it_is(path, code, kind):
    path.write_text(CYCLE + f"    period: {code}\n", "utf-8")
    assert read_cycle(path).deadlines[0].kind is kind


MISTAKES = [
    ("before: 2024-11-01", "before: 2024-06-31", "5: V.4-3.a: there is no such day as 2024-06-31; look at a calendar"),
    (
        "before: 2024-11-01",
        "before: 1/11/2024",
        "5: V.4-3.a: '1/11/2024' is no date; write the year first, for example 2024-11-01",
    ),
    (
        "    before: 2024-11-01\n",
        "",
        "4: V.4-3.a: write 'before' (trước ngày) or 'latest' (chậm nhất ngày); exactly one of the two",
    ),
    (
        "before: 2024-11-01",
        "before: 2024-11-01\n    latest: 2024-10-31",
        "4: V.4-3.a: write 'before' (trước ngày) or 'latest' (chậm nhất ngày); exactly one of the two",
    ),
    ("    basis: Đề xuất\n", "", "4: V.4-3.a: the key 'basis' is missing; add it"),
    (
        "basis: Đề xuất",
        "basis: Đề xuất\n    time: 25:00",
        "7: V.4-3.a: '25:00' is no time of day; write for example \"16:00\"",
    ),
    (
        "basis: Đề xuất",
        "basis: Đề xuất\n    period: Q5",
        "7: V.4-3.a: 'Q5' cannot stand here; use H1, H2, Q1 to Q4, M01 to M12, or leave it out for the whole year",
    ),
    (
        "year: 2024",
        "year: 2024\ndata_closes: 2024-10-15",
        "3: data_closes: unknown key 'data_closes'; did you mean 'data_close'?",
    ),
]


@pytest.mark.parametrize(("old", "new", "expected"), MISTAKES)
def test_a_mistake_is_told_with_line_duty_and_mend(path, old, new, expected):
    assert refusal(path, CYCLE.replace(old, new)) == expected


SECOND = "  - {duty: V.4-3.a, latest: 2024-12-01, basis: Khác"
DOUBLED = [
    ("", "}\n"),
    # A date for all recipients and one for a single recipient cannot both hold.
    ("", ", recipient: phong}\n"),
    ("    recipient: phong\n", "}\n"),
    ("    period: H1\n", ", period: H1}\n"),
]


@pytest.mark.parametrize(("first", "second"), DOUBLED)
def test_two_deadlines_for_one_duty_are_told(path, first, second):
    line = 7 + first.count("\n")
    expected = f"{line}: V.4-3.a: this duty already has a deadline on line 4; keep one of them"
    assert refusal(path, CYCLE + first + SECOND + second) == expected


@pytest.mark.parametrize(
    ("first", "second"),
    [("    recipient: huyen\n", ", recipient: phong}\n"), ("    period: H1\n", ", period: H2}\n")],
)
def test_each_recipient_and_period_has_a_date_of_its_own(path, first, second):
    path.write_text(CYCLE + first + SECOND + second, "utf-8")
    assert len(read_cycle(path).deadlines) == 2


def test_a_year_without_dates_is_a_year_too(path):
    path.write_text("plan: thu-2024\nyear: 2024\n", "utf-8")
    assert read_cycle(path).deadlines == ()
