"""The real plan as data: the figures are those counted by hand in the plan's text."""

from collections import Counter
from pathlib import Path

import pytest

from plans.reading import read_plan, read_units
from plans.schema import PlanFile, UnitsFile
from rules.vocabulary import Deliverable, Nature, Role, RollPolicy

KONRAY = Path(__file__).parents[2] / "examples" / "konray"


@pytest.fixture(scope="module")
def plan() -> PlanFile:
    return read_plan(KONRAY / "plan.yaml")


@pytest.fixture(scope="module")
def units() -> UnitsFile:
    return read_units(KONRAY / "units.yaml")


def test_the_plan_has_17_clauses_15_of_them_in_section_v(plan):
    clauses = [one.id for one in plan.responsibilities]
    assert len(clauses) == 17
    assert sum(clause.startswith("V.") and clause != "V.KET" for clause in clauses) == 15
    assert {"III.3.e", "V.KET"} <= set(clauses)


def test_the_34_duties_have_the_natures_that_the_text_gives_them(plan):
    natures = Counter(duty.nature for _, _, duty in plan.duties())
    assert natures == {Nature.CONTINUOUS: 23, Nature.PERIODIC: 4, Nature.ONCE: 2, Nature.ON_EVENT: 5}


def test_only_six_duties_can_have_a_deadline(plan):
    assert {key for key, _, duty in plan.duties() if duty.can_have_deadline} == {
        "V.1-1.c",
        "V.3-1.a",
        "V.3-3.a",
        "V.4-1.a",
        "V.4-3.a",
        "III.3.e.a",
    }


def test_only_the_two_yearly_reports_escalate(plan):
    assert {key for key, clause, duty in plan.duties() if clause.escalates(duty)} == {"V.3-3.a", "V.4-3.a"}


def test_what_is_only_asked_for_never_escalates(plan):
    yearly = next(duty for key, _, duty in plan.duties() if key == "V.4-3.a")
    asked = next(one for one in plan.responsibilities if one.role is Role.REQUEST)
    assert not asked.escalates(yearly)


def test_six_duties_in_three_clauses_are_only_asked_for(plan):
    asked = [clause.id for _, clause, duty in plan.duties() if clause.role_of(duty) is Role.REQUEST]
    assert len(asked) == 6
    assert set(asked) == {"V.5-1", "V.5-2", "V.5-3"}


def test_one_clause_has_no_owner_and_says_why(plan):
    unowned = [one for one in plan.responsibilities if one.unassigned]
    assert [one.id for one in unowned] == ["III.3.e"]
    assert unowned[0].addressees == ()


def test_two_clauses_have_a_duty_with_two_recipients(plan):
    assert [key for key, _, duty in plan.duties() if len(duty.recipients) == 2] == ["V.1-1.c", "V.1-2.b"]


def test_the_recipient_copied_from_a_provincial_plan_waits_for_a_person(plan):
    duty = next(duty for key, _, duty in plan.duties() if key == "V.3-3.a")
    assert [(one.as_written, one.applied) for one in duty.recipients] == [("Sở Lao động - Thương binh và Xã hội", None)]


def test_only_one_report_may_stand_within_another(plan):
    assert [key for key, _, duty in plan.duties() if duty.nested] == ["V.3-3.a"]


def test_an_addressee_or_executor_can_stand_on_a_duty(plan):
    closing = next(one for one in plan.responsibilities if one.id == "V.KET")
    assert closing.addressees_of(closing.duties[1]) == ("cac-don-vi-dia-phuong",)
    assert closing.addressees_of(closing.duties[2]) == ("phong-ldtbxh",)
    assert [key for key, _, duty in plan.duties() if duty.executor] == ["V.2-1.a"]


def test_the_communes_reports_feed_the_offices_own_report(plan):
    duties = {key: duty for key, _, duty in plan.duties()}
    assert duties["V.4-3.a"].feeds == "V.1-1.c"
    assert duties["V.1-1.c"].deliverable is Deliverable.REPORT
    assert duties["V.1-1.c"].cadence is None, "the text says “định kỳ … theo quy định” and no more"


def test_citations_are_those_an_officer_uses(plan):
    cited = {one.id: one.citation for one in plan.responsibilities}
    assert cited["V.4-3"] == "gạch đầu dòng thứ ba, khoản 4, Mục V"
    assert cited["III.3.e"] == "điểm e, khoản 3, Mục III"
    assert cited["V.KET"] == "đoạn kết Mục V"


def test_number_and_date_of_the_plan_are_not_invented(plan):
    assert (plan.plan.number, plan.plan.issued_on) == (None, None)
    assert plan.plan.roll is RollPolicy.EARLIER


def test_everything_has_an_english_title(plan):
    assert all(one.title_en for one in plan.responsibilities)
    assert all(duty.title_en for _, _, duty in plan.duties())


def test_there_are_seven_communes_until_the_districts_end(units):
    communes = [unit for unit in units.units if unit.kind == "xa"]
    assert len(communes) == 7
    assert {str(unit.valid_to) for unit in communes} == {"2025-06-30"}


def test_every_mailbox_is_a_roles_under_a_reserved_domain(units):
    addresses = [contact.address for unit in units.units for contact in unit.contacts]
    assert len(set(addresses)) == len(addresses)
    assert all(address.endswith(".example") for address in addresses)


def test_the_group_that_the_plan_does_not_name_is_empty_but_for_suggestions(units):
    group = next(one for one in units.groups if one.slug == "don-vi-thuc-hien-du-an")
    assert group.members == ()
    assert {"phong-ldtbxh", "phong-vhtt"} <= {one.unit for one in group.suggestions}


def test_bodies_outside_the_issuers_authority_are_marked(units):
    outside = {unit.slug for unit in units.units if not unit.subordinate}
    assert {"so-ldtbxh-kon-tum", "mttq-huyen", "hoi-nong-dan-huyen", "nhcsxh-kon-ray"} <= outside
    assert not outside & {"phong-ldtbxh", "xa-dak-koi", "trung-tam-vhttdl-tt"}


def test_rungs_of_a_clause_come_before_those_of_the_plan_and_the_usual_ones(plan):
    data = plan.model_dump(by_alias=True)
    data["plan"]["rungs"] = {"contact": [-5, 0], "office-head": [5]}
    data["responsibilities"][0]["rungs"] = {"contact": [-1]}
    changed = PlanFile.model_validate(data)
    first, second = (changed.ladder_of(one) for one in changed.responsibilities[:2])
    assert (first.contact, first.office_head, first.head) == ((-1,), (5,), (1,))
    assert second.contact == (-5, 0)
