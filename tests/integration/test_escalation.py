"""The late and the silent: the unit first, then its head, then one list to the office; and what silence leaves."""

from datetime import date

from plans.schema import Member
from tests.integration.cast import (
    COMMUNES,
    CONSOLIDATED,
    DAK_KOI,
    DAK_PNE,
    DUE,
    MINUS_5,
    MINUS_15,
    OFFICE,
    OFFICE_HEAD,
    OFFICER,
    OPENING,
    PLUS_1,
    PLUS_3,
    PLUS_6,
    TAN_LAP,
    YEAR_2024,
    both,
    contact_of,
    hand_in,
    head_of,
    load,
    mail_to,
    messages,
    morning,
    notices,
    open_year,
    outcomes,
    recipients,
    sweep,
    with_members,
)

LATE = (DAK_KOI, TAN_LAP)


def october(engine):
    """Open the year in time for the report, on which five communes hand in and two do not."""
    open_year(engine, MINUS_5)
    for unit in COMMUNES:
        if unit not in LATE:
            hand_in(engine, unit, DUE)


async def test_on_the_first_day_after_the_unit_its_head_and_the_officer_are_told_in_this_order(engine):
    october(engine)
    sent = recipients(await morning(engine, PLUS_1))
    assert set(sent) == {*map(contact_of, LATE), *map(head_of, LATE), OFFICER}
    assert sent[-1] == OFFICER


async def test_on_the_third_day_the_head_of_the_office_gets_one_list_and_nobody_above_him(engine):
    october(engine)
    await morning(engine, PLUS_1)
    sent = await morning(engine, PLUS_3)
    assert recipients(sent) == [OFFICE_HEAD]
    for words in both(mail_to(sent, OFFICE_HEAD)):
        assert "xã Đăk Kôi" in words
        assert "xã Tân Lập" in words
        assert "xã Đăk Pne" not in words
        assert "05/07" in words
    assert notices(engine, DAK_PNE) == []
    assert not [message for message in messages(engine) if "ubnd-huyen" in message.address]


async def test_whoever_reports_before_the_third_day_is_not_on_the_list(engine):
    october(engine)
    await morning(engine, PLUS_1)
    hand_in(engine, TAN_LAP, date(2024, 11, 4))
    sent = await morning(engine, PLUS_3)
    for words in both(mail_to(sent, OFFICE_HEAD)):
        assert "xã Đăk Kôi" in words
        assert "Tân Lập" not in words
        assert "06/07" in words


async def test_once_the_list_is_empty_nobody_is_mailed(engine):
    october(engine)
    await morning(engine, PLUS_1)
    sweep(engine, PLUS_3)
    for unit in LATE:
        hand_in(engine, unit, PLUS_3, hour=8)
    assert recipients(await morning(engine, PLUS_3)) == []
    assert notices(engine, DAK_KOI)[-1] == "v1 +3 office-head skipped handed in"


async def test_each_head_is_told_before_the_head_of_the_office(engine):
    october(engine)
    for day in (PLUS_1, PLUS_3, PLUS_6):
        await morning(engine, day)
    order = [message.address for message in messages(engine)]
    assert all(order.index(head_of(unit)) < order.index(OFFICE_HEAD) for unit in LATE)
    assert order.count(OFFICE_HEAD) == 1


async def test_after_ten_days_of_silence_everybody_hears_only_the_strongest(engine):
    open_year(engine, MINUS_15)
    await morning(engine, MINUS_15)
    sweep(engine, MINUS_5)
    sent = await morning(engine, PLUS_6)  # nobody looked between 24/10 and 8/11
    told = {contact_of(unit) for unit in COMMUNES} | {head_of(unit) for unit in COMMUNES}
    assert set(recipients(sent)) == told | {OFFICER, OFFICE_HEAD}
    assert len(recipients(sent)) == len(set(recipients(sent)))
    assert sorted(notices(engine, DAK_KOI)) == [
        "v1 +1 contact superseded",
        "v1 +1 head sent",
        "v1 +1 officer sent",
        "v1 +3 office-head sent",
        "v1 +6 contact sent",
        "v1 -15 contact sent",
        "v1 -5 contact superseded",
        "v1 0 contact superseded",
        "v1 opened contact superseded",
    ]


async def test_after_days_without_a_sender_only_the_strongest_is_mailed(engine):
    open_year(engine)
    for day in (OPENING, MINUS_15, MINUS_5, DUE):
        sweep(engine, day)
    sent = await morning(engine, PLUS_1)
    assert len(recipients(sent)) == 2 * 7 + 1
    assert [line for line in notices(engine, DAK_KOI) if line.endswith("sent")] == [
        "v1 +1 contact sent",
        "v1 +1 head sent",
        "v1 +1 officer sent",
    ]
    assert outcomes(engine)["owed"] == 0


async def test_a_year_opened_late_makes_nobody_late_on_the_day_he_is_told(engine):
    opened = date(2024, 11, 11)
    open_year(engine, opened)
    assert set(recipients(await morning(engine, opened))) == {contact_of(unit) for unit in COMMUNES}
    assert set(recipients(await morning(engine, date(2024, 11, 12)))) >= {head_of(DAK_KOI), OFFICER}
    assert recipients(await morning(engine, date(2024, 11, 13))) == []
    assert recipients(await morning(engine, date(2024, 11, 14))) == [OFFICE_HEAD]


async def test_the_offices_own_late_report_reminds_its_officer_and_head_and_is_never_escalated(engine):
    open_year(engine)
    sweep(engine, date(2024, 11, 21), "V.1-1")
    sent = await morning(engine, date(2024, 11, 22), "V.1-1")
    assert set(recipients(sent)) == {OFFICER, OFFICE_HEAD}
    lines = notices(engine, OFFICE, duty=CONSOLIDATED)
    assert lines.count("v1 +1 contact sent") == lines.count("v1 +1 head sent") == 2  # one for each recipient
    assert not any("office" in line for line in lines)


async def test_among_other_late_offices_the_collector_is_not_told_of_itself(engine, konray):
    group = (Member(unit=OFFICE), Member(unit="phong-vhtt"))
    load(engine, konray, units=with_members(konray, "don-vi-thuc-hien-du-an", *group))
    open_year(engine, text=YEAR_2024 + "  - {duty: V.3-3.a, before: 2024-11-01, basis: Công văn số 1}\n")
    await morning(engine, PLUS_1, "V.3-3")
    sent = await morning(engine, PLUS_3, "V.3-3")
    assert recipients(sent) == [OFFICE_HEAD]
    own, other = notices(engine, OFFICE, duty="V.3-3.a"), notices(engine, "phong-vhtt", duty="V.3-3.a")
    assert "v1 +1 officer skipped own report" in own
    assert "v1 +3 office-head skipped own report" in own
    assert "v1 +3 head sent" in own
    assert "v1 +3 office-head sent" in other


async def test_a_body_outside_the_issuers_authority_is_invited_once_and_never_dunned_or_listed(engine, konray):
    bank = "nhcsxh-kon-ray"
    load(engine, konray, units=with_members(konray, "don-vi-thuc-hien-du-an", Member(unit=bank)))
    open_year(engine, text=YEAR_2024 + "  - {duty: V.3-3.a, before: 2024-11-01, basis: Công văn số 1}\n")
    for day in (PLUS_1, PLUS_3):
        await morning(engine, day, "V.3-3")
    assert notices(engine, bank, duty="V.3-3.a") == ["v1 invited contact sent"]
