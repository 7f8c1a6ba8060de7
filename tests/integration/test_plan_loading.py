"""A plan is loaded again: what is the same stays, what changed becomes a new version, what is gone ends."""

from dataclasses import replace
from datetime import date

from sqlmodel import col, select

from models import Contact, Membership, Office, Responsibility
from models.database import reading
from plans.schema import Member
from tests.integration.cast import (
    DAK_KOI,
    OFFICE,
    OPENING,
    PLAN,
    assignment,
    assignments,
    at,
    events,
    everything,
    load,
    morning,
    notices,
    open_year,
    recipients,
    sweep,
    with_clause,
    with_members,
    with_unit,
)


def versions_of(engine, clause):
    with reading(engine) as session:
        return list(
            session.exec(
                select(Responsibility).where(Responsibility.clause == clause).order_by(col(Responsibility.version))
            ).all()
        )


def test_the_real_plan_is_loaded_with_its_17_clauses_and_34_duties(empty_engine, konray):
    loaded = load(empty_engine, konray)
    assert (loaded.plan, loaded.clauses, loaded.duties, len(loaded.new_clauses)) == (PLAN, 17, 34, 17)
    assert len(everything(empty_engine)["responsibility"]) == 17
    assert len(everything(empty_engine)["duty"]) == 34


def test_loading_the_same_files_again_changes_nothing(engine, konray):
    before = everything(engine)
    loaded = load(engine, konray)
    assert (loaded.new_clauses, loaded.changed_clauses, loaded.retired_clauses, loaded.new_units) == ((), (), (), ())
    assert everything(engine) == before


def test_a_changed_clause_is_a_new_version_and_assignments_keep_theirs(engine, konray):
    open_year(engine)
    assert load(engine, with_clause(konray, "V.4-3", title="Báo cáo hằng năm")).changed_clauses == ("V.4-3",)
    first, second = versions_of(engine, "V.4-3")
    assert (first.version, first.title, first.retired_at) == (1, "Báo cáo năm của xã", at(OPENING))
    assert (second.version, second.title, second.retired_at) == (2, "Báo cáo hằng năm", None)
    (report,) = sweep(engine, OPENING)
    assert (report.title, report.made) == ("Báo cáo hằng năm", 0)
    assert assignment(engine, DAK_KOI).responsibility_id == first.id


def test_the_next_year_is_made_from_the_version_in_force(engine, konray):
    open_year(engine)
    load(engine, with_clause(konray, "V.4-3", title="Báo cáo hằng năm"))
    open_year(engine, date(2025, 1, 6), text=f"plan: {PLAN}\nyear: 2025\n")
    _, second = versions_of(engine, "V.4-3")
    assert assignment(engine, DAK_KOI, year=2025).responsibility_id == second.id


def test_changed_offsets_of_the_plan_are_a_new_version_of_every_clause(sqlite, konray):
    head = konray.plan.plan
    rungs = head.rungs.model_copy(update={"contact": (-10, 0)})
    plan = konray.plan.model_copy(update={"plan": head.model_copy(update={"rungs": rungs})})
    assert len(load(sqlite, replace(konray, plan=plan)).changed_clauses) == 17


def test_a_clause_that_is_gone_is_retired_and_may_come_back_as_a_new_version(sqlite, konray):
    rest = tuple(entry for entry in konray.plan.responsibilities if entry.id != "V.4-2")
    without = replace(konray, plan=konray.plan.model_copy(update={"responsibilities": rest}))
    assert load(sqlite, without).retired_clauses == ("V.4-2",)
    assert load(sqlite, konray).new_clauses == ("V.4-2",)
    assert [row.version for row in versions_of(sqlite, "V.4-2")] == [1, 2]


def test_a_unit_that_joins_a_group_gets_its_own_assignments_with_the_next_sweep(engine, konray):
    open_year(engine)
    assert assignments(engine, "phong-vhtt", duty="V.3-3.a") == []
    load(engine, konray, units=with_members(konray, "don-vi-thuc-hien-du-an", Member(unit="phong-vhtt")))
    joined = date(2024, 10, 7)
    (report,) = sweep(engine, joined, "V.3-3")
    assert report.made == 1
    made = assignment(engine, "phong-vhtt", duty="V.3-3.a")
    assert (made.opened_on, made.since) == (joined, joined)
    assert notices(engine, "phong-vhtt", duty="V.3-3.a") == ["v0 opened contact owed"]
    assert [event.detail for event in events(engine, "assigned")] == [{"assignments": 1}]
    assert sweep(engine, joined, "V.3-3")[0].made == 0


def test_a_member_that_a_newer_file_no_longer_names_ends_on_the_day_before(sqlite, konray):
    load(sqlite, konray, units=with_members(konray, "don-vi-thuc-hien-du-an", Member(unit="phong-vhtt")))
    load(sqlite, konray, now=at(date(2024, 10, 7)))
    with reading(sqlite) as session:
        (member,) = session.exec(select(Membership).where(Membership.valid_to == date(2024, 10, 6))).all()
    assert member.member == "phong-vhtt"


async def test_the_notices_of_a_unit_that_ended_are_skipped(engine, konray):
    open_year(engine)
    sweep(engine, OPENING)
    load(engine, konray, units=with_unit(konray, DAK_KOI, valid_to=date(2024, 10, 6)))
    sent = await morning(engine, date(2024, 10, 10))
    assert notices(engine, DAK_KOI) == [
        "v1 opened contact superseded",
        "v1 -15 contact skipped unit ended",
    ]
    assert not any(DAK_KOI in recipient for recipient in recipients(sent))
    assert assignment(engine, DAK_KOI).unit_name == "Ủy ban nhân dân xã Đăk Kôi"


async def test_what_a_unit_was_owed_before_it_ended_is_skipped_at_the_mail(engine, konray):
    open_year(engine)
    sweep(engine, OPENING)
    load(engine, konray, units=with_unit(konray, DAK_KOI, valid_to=date(2024, 9, 30)))
    sent = await morning(engine, OPENING)
    assert notices(engine, DAK_KOI) == ["v1 opened contact skipped unit ended"]
    assert len(recipients(sent)) == 6


async def test_a_new_mailbox_is_used_from_the_day_it_was_loaded(engine, konray):
    open_year(engine)
    entry = next(unit for unit in konray.units.units if unit.slug == DAK_KOI)
    moved = tuple(
        contact.model_copy(update={"address": "moi.dak-koi@konray.example"}) if contact.role == "contact" else contact
        for contact in entry.contacts
    )
    load(engine, konray, units=with_unit(konray, DAK_KOI, contacts=moved))
    sent = recipients(await morning(engine, OPENING))
    assert "moi.dak-koi@konray.example" in sent
    assert "dau-moi.xa-dak-koi@konray.example" not in sent


def test_a_mailbox_that_comes_back_is_in_force_again(sqlite, konray):
    without = with_unit(konray, DAK_KOI, contacts=())
    load(sqlite, konray, units=without)
    load(sqlite, konray, now=at(date(2024, 10, 7)))
    with reading(sqlite) as session:
        rows = session.exec(select(Contact).where(col(Contact.address).contains(DAK_KOI))).all()
    assert [row.valid_to for row in rows] == [None, None]


def test_another_office_follows_up_from_the_day_it_is_named(sqlite, konray):
    head = konray.plan.plan.model_copy(update={"collector": "phong-nnptnt"})
    load(sqlite, replace(konray, plan=konray.plan.model_copy(update={"plan": head})))
    with reading(sqlite) as session:
        former, present = session.exec(select(Office).order_by(col(Office.id))).all()
    assert (former.valid_from, former.valid_to) == (None, date(2024, 9, 30))
    assert (present.valid_from, present.valid_to) == (OPENING, None)
    assert OFFICE != "phong-nnptnt"
