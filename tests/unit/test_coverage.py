"""The lint names whatever the plan file lost, changed or left open."""

import re
import shutil
import unicodedata
from pathlib import Path

import pytest

from plans.coverage import check, lint
from plans.findings import Code, Severity
from plans.problems import FileError
from plans.reading import read_cycle, read_plan, read_units

KONRAY = Path(__file__).parents[2] / "examples" / "konray"
CLAUSES = (
    *("III.3.e", "V.1-1", "V.1-2", "V.2-1", "V.2-2", "V.2-3", "V.2-4", "V.3-1", "V.3-2", "V.3-3"),
    *("V.4-1", "V.4-2", "V.4-3", "V.5-1", "V.5-2", "V.5-3", "V.KET"),
)
PLAN = read_plan(KONRAY / "plan.yaml")
UNITS = read_units(KONRAY / "units.yaml")
CYCLE = read_cycle(KONRAY / "cycles" / "2024.yaml")
SOURCE = (KONRAY / "konray-2022-2025.txt").read_text("utf-8")


def found(plan=PLAN, units=UNITS, source=SOURCE, cycle=CYCLE) -> list[tuple[Code, str]]:
    """Return what is found beside the findings of the example as it stands."""
    known = {(one.code, one.clause) for one in lint(PLAN, UNITS, SOURCE, CYCLE)}
    return [(one.code, one.clause) for one in lint(plan, units, source, cycle) if (one.code, one.clause) not in known]


def changed(model, **changes):
    return model.model_copy(update=changes)


def with_clause(clause, **changes):
    """Return the plan with one clause changed."""
    rest = tuple(changed(one, **changes) if one.id == clause else one for one in PLAN.responsibilities)
    return changed(PLAN, responsibilities=rest)


def with_duty(clause, duty, **changes):
    """Return the plan with one duty changed."""
    one = next(one for one in PLAN.responsibilities if one.id == clause)
    return with_clause(clause, duties=tuple(changed(d, **changes) if d.id == duty else d for d in one.duties))


def with_deadline(**changes):
    return changed(CYCLE, deadlines=(changed(CYCLE.deadlines[1], **changes),))


@pytest.fixture
def copy(tmp_path):
    """Return a copy of the example's folder."""
    return Path(shutil.copytree(KONRAY, tmp_path / "plan"))


def test_the_example_has_no_error_and_asks_what_a_person_must_decide():
    findings = check(KONRAY / "plan.yaml").findings
    assert {one.severity for one in findings} == {Severity.WARNING}
    assert [(one.code, one.clause) for one in findings] == [
        (Code.NO_OWNER, "III.3.e"),
        (Code.EMPTY_GROUP, "V.3-1"),
        (Code.EMPTY_GROUP, "V.3-2"),
        (Code.EMPTY_GROUP, "V.3-3"),
        (Code.NO_DEADLINE, "III.3.e.a"),
        (Code.NO_DEADLINE, "V.3-1.a"),
        (Code.NO_DEADLINE, "V.3-3.a"),
    ]


def test_without_a_cycle_all_six_duties_wait_for_a_date(copy):
    shutil.rmtree(copy / "cycles")
    waiting = [one for one in check(copy / "plan.yaml").findings if one.code is Code.NO_DEADLINE]
    assert len(waiting) == 6
    assert all("chưa ấn định thời hạn" in one.message for one in waiting)


@pytest.mark.parametrize("clause", CLAUSES)
def test_a_clause_removed_from_the_file_is_named(copy, clause):
    path = copy / "plan.yaml"
    block = rf"  - id: {re.escape(clause)}\n.*?(?=\n  - id: |\n\n)"
    text, count = re.subn(block, "", path.read_text("utf-8"), flags=re.DOTALL)
    assert count == 1
    path.write_text(text, "utf-8")
    missing = [one for one in lint(read_plan(path), UNITS, SOURCE) if one.code is Code.MISSING_ITEM]
    assert [one.clause for one in missing] == [clause]
    assert missing[0].file == "konray-2022-2025.txt"
    assert SOURCE.splitlines()[missing[0].line - 1][3:12] in missing[0].message


def test_a_changed_word_is_shown_beside_the_texts_own():
    text = next(one for one in PLAN.responsibilities if one.id == "V.4-3").text.replace("Hàng năm", "Hàng tháng")
    finding = next(one for one in lint(with_clause("V.4-3", text=text), UNITS, SOURCE, CYCLE))
    assert (finding.code, finding.clause) == (Code.TEXT_DIFFERS, "V.4-3")
    assert "“tháng, tổng hợp, báo” here, “năm, tổng hợp, báo” in the text (line 134)" in finding.message


def test_a_duty_that_is_no_phrase_of_its_clause_is_named():
    assert found(with_duty("V.4-3", "a", text="Hàng tháng, tổng hợp"))[0] == (Code.DUTY_NOT_IN_CLAUSE, "V.4-3.a")


def test_a_report_that_feeds_no_duty_is_named():
    assert found(with_duty("V.4-3", "a", feeds="V.1-1.z")) == [(Code.UNKNOWN_DUTY, "V.4-3.a")]


def test_a_duty_that_was_lost_leaves_words_over():
    one = next(one for one in PLAN.responsibilities if one.id == "V.5-2")
    assert found(with_clause("V.5-2", duties=one.duties[:3])) == [(Code.WORDS_WITHOUT_DUTY, "V.5-2")]


def test_a_clause_added_to_the_text_is_named():
    source = SOURCE.replace("5. Đề nghị Mặt trận", "- Việc mới của xã.\n\n5. Đề nghị Mặt trận")
    assert found(source=source) == [(Code.MISSING_ITEM, "V.4-4")]


def test_a_clause_that_the_text_does_not_have_is_named():
    invented = changed(PLAN.responsibilities[0], id="V.9-1")
    assert (Code.UNKNOWN_ITEM, "V.9-1") in found(changed(PLAN, responsibilities=(*PLAN.responsibilities, invented)))


def test_a_section_that_the_text_does_not_have_covers_nothing_and_is_named():
    head = changed(PLAN.plan, covers=("III.3", "VI"))
    assert found(changed(PLAN, plan=head)) == [(Code.UNKNOWN_ITEM, "VI")]


def test_italics_white_space_and_unicode_forms_make_no_difference():
    source = unicodedata.normalize("NFD", SOURCE.replace("Hàng năm, tổng", "*Hàng năm*,\u00a0 tổng"))
    assert found(source=source) == []


UNKNOWN_UNITS = [
    (with_clause("V.4-3", addressees=("cac-xa-thi-tran2",)), "V.4-3", "did you mean 'cac-xa-thi-tran'?"),
    (with_duty("V.KET", "c", addressees=("so-y-te",)), "V.KET.c", "unknown unit 'so-y-te'"),
    (with_duty("V.2-1", "a", executor="trung-tam"), "V.2-1.a", "unknown unit 'trung-tam'"),
    # A group can be addressed, but it receives and executes nothing.
    (with_duty("V.2-1", "a", executor="cac-xa-thi-tran"), "V.2-1.a", "unknown unit 'cac-xa-thi-tran'"),
    (changed(PLAN, plan=changed(PLAN.plan, collector="phong-x")), "plan", "unknown unit 'phong-x'"),
]


@pytest.mark.parametrize(("plan", "clause", "message"), UNKNOWN_UNITS)
def test_an_unknown_unit_is_named_with_the_nearest_one(plan, clause, message):
    finding = next(one for one in lint(plan, UNITS, SOURCE, CYCLE) if one.code is Code.UNKNOWN_UNIT)
    assert finding.clause == clause
    assert message in finding.message


WRONG_DATES = [
    (changed(CYCLE, plan="other"), Code.OTHER_PLAN, "plan"),
    (changed(CYCLE, year=2030), Code.OTHER_YEARS, "year"),
    (with_deadline(duty="V.4-3.z"), Code.UNKNOWN_DUTY, "V.4-3.z"),
    # Continuous work and what depends on an event are never overdue.
    (with_deadline(duty="V.4-1.b"), Code.NEVER_DUE, "V.4-1.b"),
    (with_deadline(duty="V.KET.b"), Code.NEVER_DUE, "V.KET.b"),
    (with_deadline(recipient="so-ldtbxh-kon-tum"), Code.UNKNOWN_RECIPIENT, "V.4-3.a"),
    # Communes owe one report a year: no half-year report is to be invented for them.
    (with_deadline(period="H1"), Code.OTHER_PERIOD, "V.4-3.a"),
    (with_deadline(duty="V.4-1.a", period="Q1"), Code.OTHER_PERIOD, "V.4-1.a"),
]


@pytest.mark.parametrize(("cycle", "code", "clause"), WRONG_DATES)
def test_a_date_that_the_plan_has_no_place_for_is_an_error(cycle, code, clause):
    findings = [one for one in lint(PLAN, UNITS, SOURCE, cycle) if one.severity is Severity.ERROR]
    assert [(one.code, one.clause) for one in findings] == [(code, clause)]


def test_a_recipient_or_period_without_its_date_is_told():
    one = changed(CYCLE.deadlines[2], recipient="ubnd-huyen-kon-ray")
    told = {f.clause: f.message for f in lint(PLAN, UNITS, SOURCE, changed(CYCLE, deadlines=(one,)))}
    assert "chưa ấn định thời hạn năm 2024 (so-ldtbxh-kon-tum)" in told["V.1-1.c"]
    half_yearly = with_duty("V.4-3", "a", cadence="half-year")
    told = {f.clause: f.message for f in lint(half_yearly, UNITS, SOURCE, with_deadline(period="H1"))}
    assert "(phong-ldtbxh H2)" in told["V.4-3.a"]


def test_the_digest_follows_what_the_plan_says_and_not_how_it_is_written(copy):
    before = check(copy / "plan.yaml").digest
    path = copy / "plan.yaml"
    path.write_text("# a comment\n" + unicodedata.normalize("NFD", path.read_text("utf-8")), "utf-8")
    assert check(path).digest == before
    path.write_text(path.read_text("utf-8").replace("Yearly report of the communes", "Report"), "utf-8")
    assert check(path).digest != before


def test_one_cycle_can_be_checked_alone(copy):
    (copy / "cycles" / "2025.yaml").write_text("plan: konray-2022-2025\nyear: 2025\n", "utf-8")
    assert len(check(copy / "plan.yaml").cycles) == 2
    assert [one.year for one in check(copy / "plan.yaml", copy / "cycles" / "2024.yaml").cycles] == [2024]


@pytest.mark.parametrize("name", ["plan.yaml", "units.yaml", "konray-2022-2025.txt"])
def test_a_file_that_is_missing_beside_the_plan_is_named(copy, name):
    (copy / name).unlink()
    with pytest.raises(FileError) as refused:
        check(copy / "plan.yaml")
    assert str(refused.value) == f"{copy / name}:1: there is no such file; check the name and the folder"


SECOND_SOURCE = """\
KẾ HOẠCH
Trồng cây năm 2026

I. MỤC ĐÍCH
- Phủ xanh đất trống.

II. TỔ CHỨC THỰC HIỆN

a) Phòng Nông nghiệp:

- Cấp cây giống;

- Báo cáo Ủy ban nhân dân huyện trước ngày 15 tháng cuối
quý.

b) Các xã trồng và chăm sóc cây.

Yêu cầu các đơn vị nghiêm túc thực hiện./.

Nơi nhận:
- Các xã.
"""
SECOND_PLAN = """\
plan:
  slug: trong-cay-2026
  title: Kế hoạch trồng cây năm 2026
  short_title: Kế hoạch trồng cây
  issuer: huyen
  collector: phong-nn
  period: {from: 2026, to: 2026}
  source: trong-cay.txt
  covers: [II]
responsibilities:
  - id: II.a-1
    title: Cấp cây giống
    citation: gạch đầu dòng thứ nhất, điểm a, Mục II
    text: Cấp cây giống;
    addressees: [phong-nn]
    role: lead
    duties: [{id: a, title: Cấp cây, text: Cấp cây giống, nature: continuous}]
  - id: II.a-2
    title: Báo cáo quý
    citation: gạch đầu dòng thứ hai, điểm a, Mục II
    text: Báo cáo Ủy ban nhân dân huyện trước ngày 15 tháng cuối quý.
    addressees: [phong-nn]
    role: lead
    duties:
      - id: a
        title: Báo cáo quý
        text: Báo cáo Ủy ban nhân dân huyện trước ngày 15 tháng cuối quý
        nature: periodic
        cadence: quarter
        deliverable: report
        recipients: [{as_written: Ủy ban nhân dân huyện, applied: huyen}]
  - id: II.b
    title: Trồng cây
    citation: điểm b, Mục II
    text: Các xã trồng và chăm sóc cây.
    addressees: [phong-nn]
    role: lead
    duties: [{id: a, title: Trồng cây, text: Các xã trồng và chăm sóc cây, nature: continuous}]
not_duties:
  - {item: II.a, reason: Chỉ nêu tên đơn vị}
"""
SECOND_UNITS = """\
units:
  - {slug: huyen, name: Ủy ban nhân dân huyện, short_name: UBND huyện, kind: ubnd-huyen}
  - {slug: phong-nn, name: Phòng Nông nghiệp, short_name: Phòng NN, kind: phong}
"""


def test_a_plan_of_another_shape_is_checked_the_same_way(tmp_path):
    for name, text in (("plan.yaml", SECOND_PLAN), ("units.yaml", SECOND_UNITS), ("trong-cay.txt", SECOND_SOURCE)):
        (tmp_path / name).write_text(text, "utf-8")
    findings = check(tmp_path / "plan.yaml").findings
    assert [(one.code, one.clause) for one in findings] == [
        (Code.MISSING_ITEM, "II.KET"),
        (Code.NO_DEADLINE, "II.a-2.a"),
    ]
