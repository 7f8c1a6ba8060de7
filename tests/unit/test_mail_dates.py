from datetime import date, time

import pytest

from notifications.content import DeadlineFacts, Language
from notifications.dates import clock, count, long_day, short_day
from notifications.why import until, why
from rules.deadlines import Form, Step, StepKind

VI, EN = Language.VI, Language.EN


@pytest.mark.parametrize(
    ("day", "vietnamese", "english"),
    [
        (date(2024, 11, 14), "thứ Năm, ngày 14/11/2024", "Thursday, 14 November 2024"),
        (date(2024, 11, 7), "thứ Năm, ngày 07/11/2024", "Thursday, 7 November 2024"),  # days below 10: a zero
        (date(2024, 3, 29), "thứ Sáu, ngày 29/3/2024", "Friday, 29 March 2024"),  # months from 3 on: none
        (date(2024, 1, 8), "thứ Hai, ngày 08/01/2024", "Monday, 8 January 2024"),  # months 1 and 2: a zero
        (date(2025, 2, 15), "thứ Bảy, ngày 15/02/2025", "Saturday, 15 February 2025"),
        (date(2024, 9, 1), "Chủ nhật, ngày 01/9/2024", "Sunday, 1 September 2024"),
    ],
)
def test_a_day_is_written_with_its_weekday(day, vietnamese, english):
    assert long_day(day, VI) == vietnamese
    assert long_day(day, EN) == english


def test_short_days_hours_and_counts():
    assert (short_day(date(2024, 2, 5), VI), short_day(date(2024, 2, 5), EN)) == ("05/02/2024", "5 Feb 2024")
    assert (clock(time(7), VI), clock(time(16, 30), VI), clock(time(7), EN)) == ("07 giờ 00", "16 giờ 30", "07:00")
    assert [count(number, VI) for number in (0, 5, 12)] == ["00", "05", "12"]
    assert count(5, EN) == "5"


def step(kind, day, form=None, written=None, **facts):
    return Step(kind=kind, day=day, form=form, written=written, **facts)


def base(form=Form.BEFORE, written=date(2024, 11, 15), day=date(2024, 11, 14), **facts):
    return step(StepKind.BASE, day, form, written, **{"basis": "Công văn số 12/LĐTBXH"} | facts)


def facts_of(*steps, **facts):
    return DeadlineFacts(final=steps[-1].day, steps=steps, **facts)


ROLLED = step(StepKind.ROLLED, date(2024, 11, 15), reason="thứ Bảy")


@pytest.mark.parametrize(
    ("deadline", "vietnamese", "english"),
    [
        (  # exclusive: the written form first
            facts_of(base()),
            "trước ngày 15/11/2024, tức chậm nhất hết thứ Năm, ngày 14/11/2024",
            "before 15 Nov 2024, that is by the end of Thursday, 14 November 2024",
        ),
        (  # inclusive: the exclusive form second
            facts_of(base(Form.LATEST, date(2024, 3, 29), date(2024, 3, 29))),
            "chậm nhất hết thứ Sáu, ngày 29/3/2024, tức trước ngày 30/3/2024",
            "by the end of Friday, 29 March 2024, that is before 30 Mar 2024",
        ),
        (  # moved for a day off: the written date is no longer the deadline
            facts_of(base(written=date(2024, 11, 17), day=date(2024, 11, 16)), ROLLED),
            "chậm nhất hết thứ Sáu, ngày 15/11/2024, tức trước ngày 16/11/2024",
            "by the end of Friday, 15 November 2024, that is before 16 Nov 2024",
        ),
        (  # an hour says enough by itself
            facts_of(base(written=date(2024, 11, 15), day=date(2024, 11, 15)), at=time(16)),
            "trước 16 giờ 00 thứ Sáu, ngày 15/11/2024",
            "before 16:00 on Friday, 15 November 2024",
        ),
        (
            facts_of(base(Form.LATEST, date(2024, 11, 15), date(2024, 11, 15)), at=time(16)),
            "chậm nhất 16 giờ 00 thứ Sáu, ngày 15/11/2024",
            "by 16:00 on Friday, 15 November 2024",
        ),
    ],
)
def test_a_deadline_is_said_in_both_forms(deadline, vietnamese, english):
    assert until(deadline, VI) == vietnamese
    assert until(deadline, EN) == english


def test_each_step_of_the_chain_is_a_sentence():
    later = step(StepKind.ROLLED, date(2024, 9, 4), reason="Quốc khánh")
    chain = facts_of(
        base(written=date(2024, 11, 17), day=date(2024, 11, 16), proposed=True),
        ROLLED,
        step(StepKind.EXTENDED, date(2024, 9, 3), Form.LATEST, date(2024, 9, 3), basis="Công văn số 20/UBND."),
        later,
        step(StepKind.CHANGED, date(2024, 11, 20), Form.BEFORE, date(2024, 11, 21), basis="Công văn số 30/UBND"),
        step(StepKind.RETURNED, date(2024, 11, 25), Form.LATEST, date(2024, 11, 25), basis="thiếu biểu số liệu"),
    )
    friday, wednesday = "thứ Sáu, ngày 15/11/2024.", "thứ Tư, ngày 04/9/2024."
    assert why(chain, VI) == (
        "Công văn số 12/LĐTBXH (đề xuất, không phải quy định): trước ngày 17/11/2024.",
        "Ngày 16/11/2024 là ngày nghỉ (thứ Bảy), thời hạn chuyển về ngày làm việc liền trước: " + friday,
        "Gia hạn đến hết thứ Ba, ngày 03/9/2024. Căn cứ: Công văn số 20/UBND.",
        "Ngày 03/9/2024 là ngày nghỉ (Quốc khánh), thời hạn chuyển sang ngày làm việc liền sau: " + wednesday,
        "Điều chỉnh thời hạn: trước ngày 21/11/2024. Căn cứ: Công văn số 30/UBND.",
        "Đề nghị bổ sung, gửi lại: chậm nhất hết thứ Hai, ngày 25/11/2024. Nội dung: thiếu biểu số liệu.",
    )
    english = why(chain, EN)
    assert english[0].endswith("(a proposal, not prescribed by any text): before 17 Nov 2024.")
    assert english[1] == (
        "16 Nov 2024 is a day off (Saturday), so the deadline moves back to the working day before: "
        "Friday, 15 November 2024."
    )
    assert "on to the next working day: Wednesday, 4 September 2024." in english[3]
    assert len(english) == len(chain.steps)


@pytest.mark.parametrize(
    ("basis", "said"),
    [
        ("", "Đề xuất, không phải quy định: trước ngày 15/11/2024."),
        ("đề xuất, không phải quy định", "Đề xuất, không phải quy định: trước ngày 15/11/2024."),  # not marked twice
    ],
)
def test_a_proposal_is_called_one_exactly_once(basis, said):
    assert why(facts_of(base(basis=basis, proposed=True)), VI) == (said,)


@pytest.mark.parametrize(
    ("form", "vietnamese", "english"),
    [
        (Form.BEFORE, "trước 16 giờ 00 ngày 13/10/2024", "before 16:00 on 13 Oct 2024"),
        (Form.LATEST, "chậm nhất 16 giờ 00 Chủ nhật, ngày 13/10/2024", "by 16:00 on Sunday, 13 October 2024"),
    ],
)
def test_a_step_with_an_hour_says_the_hour(form, vietnamese, english):
    sunday = date(2024, 10, 13)
    chain = facts_of(base(form, sunday, sunday, at=time(16)), at=time(16))
    assert why(chain, VI) == (f"Công văn số 12/LĐTBXH: {vietnamese}.",)
    assert why(chain, EN) == (f"Công văn số 12/LĐTBXH: {english}.",)
