"""Opening a year: once, whole, by the file it was opened with, and only shown by a dry run."""

from datetime import date

import pytest

from models.database import writing
from rules.lifecycle import ActRefusedError
from rules.vocabulary import AssignmentState
from services.cycles import CycleError, close_cycle
from services.finding import UnknownPlanError
from tests.integration.cast import (
    COMMUNES,
    CONSOLIDATED,
    DAK_KOI,
    OFFICE,
    OPENING,
    PLAN,
    YEAR_2024,
    assignment,
    assignments,
    at,
    events,
    everything,
    hand_in,
    messages,
    morning,
    notices,
    open_year,
    recipients,
    sweep,
)


def test_opening_makes_every_assignment_with_its_deadline(engine):
    seen = open_year(engine)
    report = assignment(engine, DAK_KOI)
    assert seen.assignments == len(everything(engine)["assignment"])
    assert (report.final, report.version, report.since) == (date(2024, 10, 31), 1, OPENING)
    assert [assignment(engine, unit).addressed_to for unit in COMMUNES] == [OFFICE] * 7
    (event,) = events(engine, "opened")
    assert (event.subject, event.detail) == (f"{PLAN}/2024", {"assignments": seen.assignments})


def test_two_recipients_of_one_report_give_two_assignments_each_with_its_own_date(engine):
    text = (
        YEAR_2024.replace("    before: 2024-11-22\n", "    recipient: ubnd-huyen-kon-ray\n    before: 2024-11-22\n")
        + "  - {duty: V.1-1.c, recipient: so-ldtbxh-kon-tum, latest: 2024-11-29, basis: Công văn của Sở}\n"
    )
    open_year(engine, text=text)
    rows = [(row.recipient, row.addressed_to, row.final) for row in assignments(engine, OFFICE, duty=CONSOLIDATED)]
    assert rows == [
        ("so-ldtbxh-kon-tum", "so-ldtbxh-kon-tum", date(2024, 11, 29)),
        ("ubnd-huyen-kon-ray", "ubnd-huyen-kon-ray", date(2024, 11, 21)),
    ]


def test_a_duty_on_event_gives_no_assignment_and_continuous_work_an_undated_one(engine):
    open_year(engine)
    assert assignments(engine, OFFICE, duty="V.1-2.b") == []
    assert assignment(engine, DAK_KOI, duty="V.4-2.a").final is None


def test_a_dry_run_writes_nothing_and_says_what_is_open(engine):
    before = everything(engine)
    seen = open_year(engine, apply=False)
    assert everything(engine) == before
    said = "\n".join(seen.warnings)
    assert "V.3-3.a" in said
    assert "chưa phân công" in said
    assert "chưa ấn định thời hạn" in said
    assert "V.4-3.a: sau thời hạn tổng hợp 21/11/2024, sẽ không nhắc: +16 (contact, 22/11/2024)" in said


def test_a_dry_run_after_the_units_have_ended_says_so_and_how_to_go_back(engine):
    seen = open_year(engine, date(2025, 12, 1), apply=False)
    (year,) = [one for one in seen.warnings if one.startswith("năm 2024 đã qua")]
    assert "xét tại ngày 01/12/2025" in year
    assert year.endswith("dùng --as-of, ví dụ --as-of 2024-01-02")
    said = "\n".join(seen.warnings)
    assert "V.4-3.a Báo cáo năm: chưa phân công (mọi đơn vị của nhóm đã kết thúc trước ngày 01/12/2025;" in said
    assert "V.3-3.a Báo cáo năm (lồng ghép): chưa phân công (nhóm chưa có đơn vị)" in said  # nobody has filled it
    assert "sẽ không nhắc" not in said


def test_a_dry_run_after_the_consolidation_is_due_says_that_nobody_is_reminded(engine):
    said = open_year(engine, date(2024, 12, 2), apply=False).warnings
    assert "V.4-3.a: thời hạn tổng hợp 21/11/2024 đã qua, sẽ không nhắc" in said
    assert not any("năm 2024 đã qua" in one for one in said)


def test_a_dry_run_warns_of_a_date_on_a_day_off(engine):
    seen = open_year(engine, text=YEAR_2024.replace("before: 2024-11-01", "latest: 2024-11-02"), apply=False)
    assert "V.4-3.a: 02/11/2024 là ngày nghỉ (thứ Bảy), thời hạn là 01/11/2024" in seen.warnings


def test_opening_twice_changes_nothing(engine):
    open_year(engine)
    before = everything(engine)
    assert open_year(engine, date(2024, 10, 2)).already_open
    assert everything(engine) == before


def test_opening_with_a_changed_file_is_refused_with_its_difference_and_writes_nothing(engine):
    open_year(engine)
    before = everything(engine)
    changed = YEAR_2024.replace("before: 2024-11-01", "before: 2024-11-08")
    with pytest.raises(CycleError) as refused:
        open_year(engine, text=changed)
    assert "-    before: 2024-11-01" in str(refused.value)
    assert "+    before: 2024-11-08" in str(refused.value)
    assert everything(engine) == before


def test_a_dry_run_of_a_changed_file_shows_the_difference(engine):
    open_year(engine)
    seen = open_year(engine, text=YEAR_2024.replace("2024-11-01", "2024-11-08"), apply=False)
    assert any("2024-11-08" in line for line in seen.difference)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (("year: 2024", "year: 2021"), "runs from 2022 to 2025; 2021 lies outside"),
        (("duty: V.4-3.a", "duty: V.4-9.a"), "V.4-9.a: the plan has no such duty in force"),
        (("duty: V.4-3.a", "duty: V.4-2.a"), "V.4-2.a: a continuous duty can have no deadline"),
        (("duty: V.4-3.a", "duty: V.1-2.b"), "V.1-2.b: a on-event duty can have no deadline"),
        # Without a word such a date would be lost: the duty has no such recipient, the year no such part.
        (
            ("duty: V.1-1.c", "duty: V.1-1.c\n    recipient: phong-vhtt"),
            "V.1-1.c: there is no place for a date for phong-vhtt 2024; there is: 2024; so-ldtbxh-kon-tum 2024",
        ),
        (("duty: V.4-3.a", "duty: V.4-3.a\n    period: H1"), "V.4-3.a: .* for all 2024-H1; there is: 2024"),
    ],
)
def test_a_file_that_does_not_fit_the_plan_is_refused_and_nothing_is_opened(sqlite, changed, message):
    before = everything(sqlite)
    with pytest.raises(CycleError, match=message):
        open_year(sqlite, text=YEAR_2024.replace(*changed))
    assert everything(sqlite) == before


def test_a_date_may_name_the_only_recipient(sqlite):
    open_year(sqlite, text=YEAR_2024.replace("duty: V.4-3.a", f"duty: V.4-3.a\n    recipient: {OFFICE}"))
    assert assignment(sqlite, DAK_KOI).final == date(2024, 10, 31)


def test_an_unknown_plan_is_refused_and_the_known_ones_are_named(sqlite):
    with pytest.raises(UnknownPlanError, match=f"there is no plan 'kon-ray'; plans here: {PLAN}"):
        open_year(sqlite, text=YEAR_2024.replace(f"plan: {PLAN}", "plan: kon-ray"))


def test_a_plan_to_be_drawn_up_once_is_not_asked_for_again_in_the_next_year(sqlite):
    open_year(sqlite)
    open_year(sqlite, date(2025, 1, 6), text=f"plan: {PLAN}\nyear: 2025\n")
    assert assignment(sqlite, DAK_KOI, duty="V.4-1.a").final == date(2024, 3, 29)
    assert assignments(sqlite, DAK_KOI, duty="V.4-1.a", year=2025) == []
    assert assignment(sqlite, DAK_KOI, year=2025).final is None


async def test_a_closed_year_owes_nothing_more(engine):
    open_year(engine)
    hand_in(engine, DAK_KOI, OPENING)
    with writing(engine) as session:
        waiting = close_cycle(session, plan=PLAN, year=2024, now=at(OPENING), actor="test")
    # 6 of 7 reports and 7 plans of the communes, and the consolidated report to two recipients.
    assert waiting == 6 + 7 + 2
    assert recipients(await morning(engine, date(2024, 10, 31))) == []
    assert notices(engine, "xa-dak-pne") == []


async def test_what_was_owed_when_a_year_was_closed_is_skipped(engine):
    open_year(engine)
    await morning(engine, OPENING)
    sent = len(messages(engine))
    sweep(engine, date(2024, 10, 10))
    with writing(engine) as session:
        close_cycle(session, plan=PLAN, year=2024, now=at(date(2024, 10, 10), 8, 0), actor="test")
    await morning(engine, date(2024, 10, 10))
    assert notices(engine, DAK_KOI)[-1] == "v1 -15 contact skipped cycle closed"
    assert len(messages(engine)) == sent
    assert assignment(engine, DAK_KOI).state is AssignmentState.OPEN


def test_nothing_can_be_handed_in_for_a_closed_year(sqlite):
    open_year(sqlite)
    with writing(sqlite) as session:
        close_cycle(session, plan=PLAN, year=2024, now=at(OPENING), actor="test")
    with pytest.raises(ActRefusedError, match="the year 2024 is closed"):
        hand_in(sqlite, DAK_KOI, OPENING)
