"""A mail that came back does not count; its reader is written to no more, the next one is, and the office is told."""

from collections import Counter
from datetime import date

import pytest
from sqlalchemy import delete, event
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from models import Contact, Event, Message, Notice, Overview
from models.database import reading, writing
from notifications.mailer import RecordingMailer
from notifications.smtp import Outcome, OutcomeKind
from plans.schema import ContactEntry
from rules.vocabulary import ContactRole, MessageKind, MessageState
from services.bounces import Taken, refused, take_in, take_in_all
from services.delivery import immediate_waiting
from services.directory import unreachable_on
from services.figures import figures
from services.history import Act, history
from services.outreach import write_again
from services.watchdog import check
from tests.integration.cast import (
    CALENDAR,
    COMMUNES,
    DAK_KOI,
    DUE,
    MINUS_5,
    MINUS_15,
    OFFICE_HEAD,
    OFFICER,
    OPENING,
    PLUS_1,
    PLUS_3,
    YEAR_2024,
    assignment,
    at,
    both,
    contact_of,
    deliver_at,
    everything,
    hand_in,
    head_of,
    load,
    mail_to,
    messages,
    morning,
    notices,
    open_year,
    recipients,
    with_unit,
)
from tests.integration.returned import Mailbox, comes_back, last_mail_to, notification, unreachable
from tests.integration.test_acts import extended

KOI, KOI_HEAD = contact_of(DAK_KOI), head_of(DAK_KOI)
NEXT_DAY = date(2024, 10, 2)


async def reminded(engine, day=DUE):
    """Open the year and let the report's reminder of a day go out; the opening mail was read."""
    open_year(engine)
    await morning(engine, OPENING)
    return await morning(engine, day)


async def delivered(engine, day, hour=9, minute=15):
    mailer = RecordingMailer()
    await deliver_at(engine, at(day, hour, minute), mailer)
    return mailer


async def test_the_head_is_written_to_where_the_mails_of_the_contact_come_back(engine):
    await reminded(engine)
    assert comes_back(engine, KOI, DUE) is Taken.BOUNCED
    assert last_mail_to(engine, KOI).state is MessageState.BOUNCED
    assert unreachable(engine) == [KOI]
    assert notices(engine, DAK_KOI)[-1] == "v1 0 contact owed"
    mailer = await delivered(engine, DUE)
    assert recipients(mailer) == [KOI_HEAD]
    for words in both(mail_to(mailer, KOI_HEAD)):
        assert "Báo cáo năm 2024" in words
    assert notices(engine, DAK_KOI)[-1] == "v1 0 contact sent"


async def test_no_later_reminder_goes_to_the_contact(engine):
    await reminded(engine)
    comes_back(engine, KOI, DUE)
    await delivered(engine, DUE)
    later = await morning(engine, PLUS_1)
    assert KOI not in recipients(later)
    assert recipients(later).count(KOI_HEAD) == 1  # his own reminder and the contact's stand in one mail
    assert "v1 +1 contact sent" in notices(engine, DAK_KOI)


async def test_a_substitute_whose_mails_come_back_gives_way_to_whom_he_stands_in_for(engine):
    open_year(engine)
    with writing(engine) as session:
        contact = session.exec(select(Contact).where(Contact.address == KOI)).one()
        session.add(
            Contact(
                unit_id=contact.unit_id, role=ContactRole.CONTACT, address="thay.xa-dak-koi@konray.example", title="x",
                named_here=True, stands_in_for=contact.id, valid_from=OPENING, valid_to=DUE,
            )
        )  # fmt: skip
    await morning(engine, OPENING)
    comes_back(engine, "thay.xa-dak-koi@konray.example", OPENING)
    assert recipients(await delivered(engine, OPENING)) == [KOI]


async def test_a_colleague_is_written_to_where_neither_contact_nor_head_is_reached(engine):
    await reminded(engine)
    comes_back(engine, KOI, DUE)
    await delivered(engine, DUE)
    comes_back(engine, KOI_HEAD, DUE, minute=20)
    with writing(engine) as session:
        contact = session.exec(select(Contact).where(Contact.address == KOI)).one()
        colleague = "dong-nghiep.xa-dak-koi@konray.example"
        session.add(Contact(unit_id=contact.unit_id, role=ContactRole.COLLEAGUE, address=colleague, title="x"))
    assert recipients(await delivered(engine, DUE, minute=30)) == [colleague]


async def test_the_office_s_officer_is_told_what_its_head_does_not_get(engine):
    await morning_of_escalation(engine)
    comes_back(engine, OFFICE_HEAD, PLUS_3)
    mailer = await delivered(engine, PLUS_3)
    assert recipients(mailer) == [OFFICER]
    assert all("xã Đăk Kôi" in words for words in both(mail_to(mailer, OFFICER)))


async def morning_of_escalation(engine):
    open_year(engine)
    await morning(engine, PLUS_1)
    return await morning(engine, PLUS_3)


async def test_a_bounced_reminder_is_counted_nowhere_and_the_history_says_that_it_came_back(engine):
    await reminded(engine)
    with reading(engine) as session:
        before = figures(session, CALENDAR)
    comes_back(engine, KOI, DUE)
    with reading(engine) as session:
        after = figures(session, CALENDAR)
        entries = history(session, assignment(engine, DAK_KOI))
    assert after.mails == before.mails - 1
    assert after.notices["sent"] == before.notices["sent"] - 1
    (act,) = [entry for entry in entries if isinstance(entry, Act)]
    assert (act.action, act.detail["rung"], act.detail["audience"]) == ("bounced", "0", "contact")
    assert KOI not in str(act.detail)


async def test_the_list_of_the_late_counts_only_reminders_that_arrived(engine):
    """Nobody of the commune is reached any more: its reminder of 31/10 is not counted, those of the six others are."""
    await everybody_lost(engine)
    for words in both(mail_to(await morning(engine, PLUS_1), OFFICER)):
        assert words.count("gần nhất 31/10/2024") == 6
        assert "chưa nhắc" in words.casefold()


async def test_told_twice_it_changes_nothing_the_second_time(engine):
    await reminded(engine)
    content = notification(last_mail_to(engine, KOI))
    assert take_in(engine, content, now=at(DUE, 9, 0)) is Taken.BOUNCED
    before = everything(engine)
    assert take_in(engine, content, now=at(DUE, 9, 5)) is Taken.KNOWN
    assert everything(engine) == before
    await delivered(engine, DUE)
    before = everything(engine)
    assert take_in(engine, content, now=at(DUE, 10, 0)) is Taken.KNOWN
    assert everything(engine) == before


@pytest.mark.parametrize(
    ("said", "taken"),
    [
        ({"action": "delayed", "status": "4.4.1"}, Taken.NO_FAILURE),
        ({"action": "relayed", "status": "2.0.0"}, Taken.NO_FAILURE),
        ({"status": "2.0.0"}, Taken.NO_FAILURE),
        ({"recipient": "dau-moi.xa-dak-pne@konray.example"}, Taken.NO_FAILURE),  # another's address
    ],
)
async def test_what_is_no_failure_of_this_mail_to_this_address_changes_nothing(engine, said, taken):
    await reminded(engine)
    before = everything(engine)
    assert comes_back(engine, KOI, DUE, **said) is taken
    assert everything(engine) == before


async def test_a_forged_notification_that_knows_no_message_id_changes_nothing(engine):
    await reminded(engine)
    before = everything(engine)
    for message_id in ("<1@konray.example>", "<%@konray.example>", "<' OR 1=1--@konray.example>"):
        assert take_in(engine, notification(message_id=message_id), now=at(DUE, 9, 0)) is Taken.NOT_OURS
    assert everything(engine) == before


async def test_a_mail_server_that_gave_up_says_nothing_about_the_address(engine):
    """4.4.1: it was away for days. What the mail told goes to the same mailbox once more."""
    await reminded(engine, MINUS_15)
    assert comes_back(engine, KOI, date(2024, 10, 15), status="4.4.1") is Taken.BOUNCED
    assert unreachable(engine) == []
    assert recipients(await delivered(engine, date(2024, 10, 15))) == [KOI]


@pytest.mark.parametrize("status", ["5.2.2", "5.3.4", "5.4.6", "5.7.1", "5.7.26"])
async def test_a_full_mailbox_or_a_filter_does_not_silence_the_reader_for_good(engine, status):
    await reminded(engine)
    assert comes_back(engine, KOI, DUE, status=status) is Taken.BOUNCED
    assert (unreachable(engine), notices(engine, DAK_KOI)[-1]) == ([], f"v1 0 contact owed {status} 550 User unknown")
    assert recipients(await delivered(engine, DUE)) == []  # this day's mail has gone
    assert KOI in recipients(await morning(engine, PLUS_1))


@pytest.mark.parametrize("status", ["5.7.1", "4.4.7"])
async def test_word_of_a_changed_date_that_came_back_waits_for_the_next_morning_mail(engine, status):
    await reminded(engine)
    extended(engine, DAK_KOI, DUE, until=PLUS_3)
    assert recipients(await delivered(engine, DUE, hour=13)) == [KOI]
    comes_back(engine, KOI, DUE, hour=13, status=status)
    with reading(engine) as session:
        assert not immediate_waiting(session, at(DUE, 13, 15))
    assert recipients(await delivered(engine, DUE, hour=13, minute=15)) == []
    assert notices(engine, DAK_KOI)[-1].startswith(f"v2 changed contact owed {status}")
    mailer = await morning(engine, PLUS_1)
    assert KOI in recipients(mailer)
    assert (last_mail_to(engine, KOI).kind, notices(engine, DAK_KOI)[-1]) == (
        MessageKind.MORNING,
        "v2 changed contact sent",
    )
    assert "ĐIỀU CHỈNH THỜI HẠN" in last_mail_to(engine, KOI).text


async def test_the_run_says_that_what_came_back_has_no_other_reader(engine):
    await reminded(engine)
    for address, said in ((KOI, {"sent": 1}), (KOI_HEAD, {"owed": 1})):
        mailbox = Mailbox({"1": notification(last_mail_to(engine, address))})
        came_back = take_in_all(engine, mailbox, now=at(DUE, 9, 0)).owed_again
        report = await deliver_at(engine, at(DUE, 9, 15), RecordingMailer(), came_back=came_back)
        assert report.notices == said
    assert report.incomplete


async def test_a_mail_server_that_returns_every_mail_silences_no_office(engine):
    open_year(engine)
    mailed = recipients(await morning(engine, OPENING))
    assert Counter(comes_back(engine, address, OPENING) for address in mailed) == {Taken.BOUNCED: 2, Taken.DOUBTED: 5}
    marked = unreachable(engine)
    assert len(marked) == 2
    again = recipients(await morning(engine, NEXT_DAY))
    assert (set(mailed) - set(marked)) < set(again)
    assert Counter(comes_back(engine, address, NEXT_DAY) for address in again) == {Taken.DOUBTED: 7}
    assert unreachable(engine) == marked
    assert len(recipients(await morning(engine, date(2024, 10, 3)))) == 7


async def test_of_the_mailboxes_of_a_week_a_third_is_believed_to_be_gone(engine):
    await reminded(engine)
    mailed = recipients(await morning(engine, PLUS_1))
    assert set(map(contact_of, COMMUNES)) < set(mailed)
    taken = Counter(comes_back(engine, address, PLUS_1) for address in mailed)
    assert taken == {Taken.BOUNCED: len(mailed) // 3, Taken.DOUBTED: len(mailed) - len(mailed) // 3}


async def test_returned_mails_of_some_days_are_believed_no_further_when_the_newest_is_read_first(engine):
    open_year(engine)
    await morning(engine, OPENING)
    days = [date(2024, 10, 14 + place // 2) for place in range(len(COMMUNES))]
    for unit, day in zip(COMMUNES, days, strict=True):
        extended(engine, unit, day, until=PLUS_3)
        await delivered(engine, day, 10)
    taken = [comes_back(engine, contact_of(unit), date(2024, 10, 18)) for unit in reversed(COMMUNES)]
    assert Counter(taken) == {Taken.BOUNCED: 2, Taken.DOUBTED: 5}


async def test_full_mailboxes_do_not_make_one_that_is_gone_doubted(engine):
    await reminded(engine)
    *full, gone = map(contact_of, COMMUNES[:4])
    assert {comes_back(engine, address, DUE, status="5.2.2") for address in full} == {Taken.BOUNCED}
    assert comes_back(engine, gone, DUE) is Taken.BOUNCED
    assert unreachable(engine) == [gone]


async def test_only_mailboxes_whose_server_took_a_mail_count_among_those_of_the_week(engine):
    await reminded(engine)
    mailed = recipients(await morning(engine, PLUS_1))
    taken, others = mailed[:9], mailed[9:]
    assert len(mailed) // 3 > len(taken) // 3
    with writing(engine) as session:
        for message in session.exec(select(Message).where(col(Message.address).in_(others))):
            message.state = MessageState.FAILED
    assert Counter(comes_back(engine, address, PLUS_1) for address in taken) == {Taken.BOUNCED: 3, Taken.DOUBTED: 6}


async def test_a_notification_about_a_mail_older_than_the_word_that_the_mailbox_works_again_does_not_undo_it(engine):
    await reminded(engine)
    older = last_mail_to(engine, KOI)
    comes_back(engine, KOI, DUE)
    with writing(engine) as session:
        contact = session.exec(select(Contact).where(Contact.address == KOI)).one()
        write_again(session, contact.id, actor="test", now=at(DUE, 10, 0), once=None)
    await morning(engine, PLUS_1)
    with writing(engine) as session:  # as if it had been under way all the time
        session.get_one(Message, older.id).state = MessageState.SENT
    assert take_in(engine, notification(older), now=at(PLUS_1, 9, 0)) is Taken.BOUNCED
    assert unreachable(engine) == []
    comes_back(engine, KOI, PLUS_1)
    assert unreachable(engine) == [KOI]


@pytest.mark.parametrize("place", [0, 450, 900])
async def test_a_flood_of_forged_notifications_hides_no_real_one_for_good(sqlite, place):
    await reminded(sqlite)
    numbered = [(str(number), notification(message_id=f"<{number}@x>")) for number in range(900)]
    numbered.insert(place, ("real", notification(last_mail_to(sqlite, KOI))))
    mailbox = Mailbox(dict(numbered))
    looks = 0
    while not mailbox.read and looks < 60:  # that none of sixty sees it happens once in 10^21 times
        looks += 1
        take_in_all(sqlite, mailbox, now=at(DUE, 9, 0))
    assert (mailbox.read, len(mailbox.asked)) == (["real"], 500 * looks)
    assert unreachable(sqlite) == [KOI]


async def test_one_address_still_gets_at_most_one_morning_mail_a_day(engine):
    await reminded(engine)
    comes_back(engine, KOI, DUE, status="4.4.1")
    assert recipients(await delivered(engine, DUE)) == []
    twin = last_mail_to(engine, KOI).model_dump() | {"id": None, "header_id": "<2@x>", "state": MessageState.STORED}
    with pytest.raises(IntegrityError), writing(engine) as session:
        session.add(Message(**twin))
    assert KOI in recipients(await morning(engine, PLUS_1))


async def test_a_mail_that_is_just_being_sent_is_asked_about_again_later(engine):
    await reminded(engine)
    message = last_mail_to(engine, KOI)
    with writing(engine) as session:
        session.get_one(Message, message.id).state = MessageState.SENDING
    before = everything(engine)
    assert comes_back(engine, KOI, DUE) is Taken.TOO_EARLY
    assert everything(engine) == before


async def test_what_no_longer_holds_or_was_followed_by_a_stronger_reminder_is_not_owed_again(engine):
    open_year(engine)
    await morning(engine, MINUS_15)
    await morning(engine, MINUS_5)
    first = next(message for message in messages(engine) if message.address == KOI)
    take_in(engine, notification(first), now=at(MINUS_5, 9, 0))
    assert "v1 -15 contact bounced 5.1.1 550 User unknown" in notices(engine, DAK_KOI)
    hand_in(engine, DAK_KOI, MINUS_5)
    comes_back(engine, KOI, MINUS_5, hour=11)
    assert "v1 -5 contact bounced 5.1.1 550 User unknown" in notices(engine, DAK_KOI)
    assert recipients(await delivered(engine, MINUS_5, hour=12)) == []
    with reading(engine) as session:
        assert "owed" not in session.exec(select(Notice.state)).all()


async def test_a_stronger_reminder_to_another_unit_does_not_end_what_came_back(engine):
    open_year(engine)
    await morning(engine, MINUS_15)
    first = last_mail_to(engine, KOI)
    await morning(engine, MINUS_5)
    with writing(engine) as session:  # as if this unit's own had not come yet
        session.execute(delete(Notice).where(col(Notice.message_id) == last_mail_to(engine, KOI).id))
    take_in(engine, notification(first), now=at(MINUS_5, 9, 0))
    assert notices(engine, DAK_KOI)[-1] == "v1 -15 contact owed"


@pytest.mark.parametrize("how", ["refused", "returned"])
async def test_a_mail_ends_and_what_it_told_is_owed_again_in_one_transaction(engine, how):
    """Killed between two, it would be told by nobody."""
    await reminded(engine)
    mail, commits = last_mail_to(engine, KOI), []
    count = commits.append
    with writing(engine) as session:
        if how == "refused":
            session.get_one(Message, mail.id).state = MessageState.SENDING
    event.listen(engine, "commit", count)
    try:
        if how == "refused":
            gone = Outcome(kind=OutcomeKind.UNREACHABLE, code=550, detail="5.1.1 no such mailbox")
            refused(engine, mail.id, gone, now=at(DUE, 9))
        else:
            take_in(engine, notification(mail), now=at(DUE, 9))
    finally:
        event.remove(engine, "commit", count)
    assert len(commits) == 1
    assert unreachable(engine) == [KOI]


async def test_a_mailbox_is_marked_where_it_is_still_in_force_and_the_journal_says_so(engine):
    await reminded(engine)
    with writing(engine) as session:
        ended, other = session.exec(select(Contact).where(col(Contact.address).in_([KOI, KOI_HEAD])))
        ended.address, ended.valid_to, other.address = KOI, MINUS_5, KOI
    comes_back(engine, KOI, DUE)
    with reading(engine) as session:
        marked = session.exec(select(Contact.id).where(col(Contact.unreachable_since).is_not(None))).all()
        assert marked == [other.id]
        told = session.exec(select(Event.subject, Event.actor).where(Event.action == "unreachable")).all()
        assert told == [(f"contact:{other.id}", "dondoc")]


async def everybody_lost(engine):
    """Let the mails of both mailboxes of a commune come back."""
    await reminded(engine)
    comes_back(engine, KOI, DUE)
    await delivered(engine, DUE)
    comes_back(engine, KOI_HEAD, DUE, minute=20)


async def test_where_nobody_is_left_it_waits_for_another_address_and_nothing_is_lost(engine, konray):
    await everybody_lost(engine)
    assert recipients(await delivered(engine, DUE, minute=30)) == []
    assert notices(engine, DAK_KOI)[-1] == "v1 0 contact owed"
    entry = ContactEntry(role="contact", address="moi.xa-dak-koi@konray.example", title="Cán bộ đầu mối")
    load(engine, konray, units=with_unit(konray, DAK_KOI, contacts=(entry,)), now=at(DUE, 10, 0))
    assert recipients(await delivered(engine, DUE, hour=10)) == [entry.address]
    assert notices(engine, DAK_KOI)[-1] == "v1 0 contact sent"


async def test_while_it_waits_later_rungs_overtake_it_and_only_the_strongest_is_sent(engine):
    await everybody_lost(engine)
    assert {KOI, KOI_HEAD}.isdisjoint(recipients(await morning(engine, PLUS_1)))
    with writing(engine) as session:
        for contact in session.exec(select(Contact).where(col(Contact.unreachable_since).is_not(None))).all():
            write_again(session, contact.id, actor="test", now=at(PLUS_1, 9, 0), once=None)
    assert sorted(recipients(await delivered(engine, PLUS_1))) == sorted([KOI, KOI_HEAD])
    assert [one for one in notices(engine, DAK_KOI) if "contact" in one][-2:] == [
        "v1 0 contact superseded",
        "v1 +1 contact sent",
    ]


async def test_the_same_address_entered_again_after_another_is_believed_again(engine, konray):
    await everybody_lost(engine)
    entry = ContactEntry(role="contact", address="moi.xa-dak-koi@konray.example", title="Cán bộ đầu mối")
    load(engine, konray, units=with_unit(konray, DAK_KOI, contacts=(entry,)), now=at(DUE, 10, 0))
    load(engine, konray, now=at(DUE, 10, 5))
    assert unreachable(engine) == []


async def test_loading_the_same_file_again_does_not_make_an_address_work(engine, konray):
    await everybody_lost(engine)
    load(engine, konray, now=at(DUE, 10, 0))
    assert unreachable(engine) == [KOI, KOI_HEAD]


async def test_the_watchdog_names_the_unit_and_who_is_written_to_instead(engine):
    await reminded(engine)
    comes_back(engine, KOI, DUE)

    def said():
        faults = check(engine, now=at(DUE, 10, 0), calendar=CALENDAR).faults
        return [fault for fault in faults if "come back" in fault]

    unit = "Ủy ban nhân dân xã Đăk Kôi"
    assert said() == [f"{unit}: mails to its contact come back, its head is written to instead"]
    await delivered(engine, DUE)
    comes_back(engine, KOI_HEAD, DUE, minute=20)
    assert [fault.rpartition(", ")[2] for fault in said()] == ["nobody else can be written to"] * 2
    assert not any("@" in fault for fault in said())


async def test_the_office_reads_on_monday_whose_mails_come_back(engine):
    open_year(engine, overviews=True)
    await morning(engine, OPENING)
    comes_back(engine, KOI, OPENING)
    mailer = await morning(engine, date(2024, 10, 7))
    for words in both(mail_to(mailer, OFFICER)):
        assert "không nhận được thư (thư bị trả lại), cần cập nhật:" in words
        assert "Ủy ban nhân dân xã Đăk Kôi" in words


async def test_the_preview_of_a_year_names_units_whose_mails_come_back(engine):
    unit = "Ủy ban nhân dân xã Đăk Kôi"
    await reminded(engine)
    comes_back(engine, KOI, DUE)
    seen = open_year(engine, DUE, text=YEAR_2024.replace("year: 2024", "year: 2025"), apply=False)
    assert f"{unit}: thư gửi đến bị trả lại, cần cập nhật địa chỉ" in seen.warnings


async def test_an_overview_that_came_back_is_told_to_the_head_of_the_office(engine):
    open_year(engine, overviews=True)
    monday = date(2024, 10, 7)
    await morning(engine, monday)
    comes_back(engine, OFFICER, monday)
    with reading(engine) as session:
        assert session.exec(select(Overview.id)).all() == []
    mailer = await delivered(engine, monday)
    assert any("Tình hình đầu tuần" in words for words in both(mail_to(mailer, OFFICE_HEAD)))


async def test_a_changed_date_that_can_reach_nobody_keeps_the_postman_quiet(engine):
    open_year(engine)
    await morning(engine, OPENING)
    extended(engine, DAK_KOI, OPENING, until=PLUS_3)
    assert recipients(await delivered(engine, OPENING, hour=12)) == [KOI]
    comes_back(engine, KOI, OPENING, hour=13)
    with reading(engine) as session:
        assert immediate_waiting(session, at(OPENING, 13, 5))
    assert recipients(await delivered(engine, OPENING, hour=13)) == [KOI_HEAD]
    comes_back(engine, KOI_HEAD, OPENING, hour=14)
    with reading(engine) as session:
        assert not immediate_waiting(session, at(OPENING, 14, 5))
        assert [contact.address for _, contact in unreachable_on(session, OPENING)] == [KOI, KOI_HEAD]


async def test_the_mailbox_is_marked_only_after_the_database_has_it_and_only_what_is_ours(engine):
    await reminded(engine)
    deep = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(5000))
    mailbox = Mailbox(
        {
            "1": notification(),  # of somebody else's mail
            "2": notification(last_mail_to(engine, KOI)),
            "3": deep,
            "4": notification(last_mail_to(engine, KOI), action="delayed", status="4.4.1"),
            "5": b"Subject: x\r\n\r\n",
        }
    )
    emptied = take_in_all(engine, mailbox, now=at(DUE, 9, 0))
    assert emptied.taken == {Taken.BOUNCED: 1, Taken.NO_FAILURE: 1, Taken.NOT_OURS: 2}
    assert (emptied.unreadable, mailbox.read) == (("3",), ["2", "4"])
    assert take_in_all(engine, mailbox, now=at(DUE, 9, 15)).taken == {Taken.NOT_OURS: 2}


async def test_a_mailbox_that_is_lost_before_it_could_be_marked_is_read_again_without_harm(engine):
    class Lost(Mailbox):
        def mark_read(self, _number):
            raise ConnectionResetError

    await reminded(engine)
    mails = {"1": notification(last_mail_to(engine, KOI))}
    with pytest.raises(ConnectionResetError):
        take_in_all(engine, Lost(mails), now=at(DUE, 9, 0))
    assert unreachable(engine) == [KOI]
    before = everything(engine)
    again = Mailbox(mails)
    assert take_in_all(engine, again, now=at(DUE, 9, 15)).taken == {Taken.KNOWN: 1}
    assert again.read == ["1"]
    assert everything(engine) == before
