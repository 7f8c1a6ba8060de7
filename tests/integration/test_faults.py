"""The database fails: one clear sentence, nothing half-written, and everything goes on once it is mended."""

import pytest
from sqlalchemy import text

from models.database import make_engine, reading, writing
from models.faults import DatabaseBusyError, DatabaseUnavailableError
from notifications.mailer import RecordingMailer
from services.holds import hold
from services.watchdog import check
from tests.integration.cast import (
    CALENDAR,
    DAK_KOI,
    OPENING,
    at,
    deliver_at,
    everything,
    messages,
    morning,
    number_of,
    open_year,
    outcomes,
    recipients,
    sweep,
)
from tests.integration.faulty import full_disk, readers_only
from tests.integration.portal_cast import UnitDesk

MAILS = 7  # to the communes, on the opening morning


def touch(engine):
    with writing(engine) as session:
        session.connection()


def end_own_connection(engine):
    with writing(engine) as session:
        (own,) = session.execute(text("SELECT pg_backend_pid()")).one()
        with engine.connect() as other:
            other.execute(text("SELECT pg_terminate_backend(:own)"), {"own": own})
        hold(session, unit=None, reason="x", actor="test", now=at(OPENING))


def test_a_sweep_on_a_full_disk_writes_nothing_and_is_made_up_for(engine):
    open_year(engine)
    with full_disk(engine, "INSERT ON notice"):
        before = everything(engine)
        with pytest.raises(DatabaseUnavailableError, match="the disk of the database is full: nothing was written"):
            sweep(engine, OPENING)
        assert everything(engine) == before
    assert sweep(engine, OPENING)[0].counts == {"owed": MAILS}


async def test_mails_that_cannot_be_stored_on_a_full_disk_are_not_sent_and_stay_owed(engine):
    open_year(engine)
    sweep(engine, OPENING)
    mailer = RecordingMailer()
    with (
        full_disk(engine, "INSERT ON message"),
        pytest.raises(DatabaseUnavailableError, match="the disk of the database is full"),
    ):
        await deliver_at(engine, at(OPENING), mailer)
    assert recipients(mailer) == []
    assert outcomes(engine) == {"owed": MAILS}
    await deliver_at(engine, at(OPENING), mailer)
    assert len(recipients(mailer)) == MAILS


async def test_a_mail_that_was_accepted_when_the_disk_was_full_comes_once_more_as_the_same_mail(engine):
    open_year(engine)
    sweep(engine, OPENING)
    mailer = RecordingMailer()
    with (
        full_disk(engine, "UPDATE ON message", "NEW.state = 'sent'"),
        pytest.raises(DatabaseUnavailableError, match="the disk of the database is full"),
    ):
        await deliver_at(engine, at(OPENING), mailer)
    ((reader, content),) = mailer.sent  # the first was accepted; nobody else was written to after it
    assert {message.state for message in messages(engine)} == {"sending", "stored"}
    await deliver_at(engine, at(OPENING), mailer)
    assert mailer.sent[1] == (reader, content)
    assert len(recipients(mailer)) == MAILS + 1
    assert len(set(recipients(mailer))) == MAILS
    assert outcomes(engine) == {"sent": MAILS}


def test_a_form_sent_while_the_disk_is_full_is_refused_in_plain_words_and_works_afterwards(engine, tmp_path):
    desk = UnitDesk.opened(engine, tmp_path)
    browser = desk.browser(DAK_KOI)
    page = browser.get(f"/don-vi/nhiem-vu/{number_of(engine, DAK_KOI)}")
    typed = {"number": "45/BC-UBND", "dated": "2024-10-23"}
    with full_disk(engine, "INSERT ON event"):
        refused = browser.send(page, "/van-ban", **typed)
    assert refused.status == 503
    assert "Hệ thống tạm thời không ghi được dữ liệu; việc vừa chọn chưa được ghi nhận." in refused.text
    assert "45/BC-UBND" in refused.answer.text  # what was typed is not lost
    assert not any(words in refused.text for words in ("INSERT", "No space", "database", "disk"))
    assert "Đã ghi nhận số, ngày văn bản." in browser.send(page, "/van-ban", **typed).text


def test_a_database_that_can_only_be_read_is_read_and_refuses_to_be_written(engine):
    open_year(engine)
    before = everything(engine)
    with readers_only(engine) as locked:
        assert check(locked, now=at(OPENING), calendar=CALENDAR).responsibilities == 17
        with pytest.raises(DatabaseUnavailableError, match="can only be read: nothing was written; look whether"):
            sweep(locked, OPENING)
        with (
            pytest.raises(DatabaseUnavailableError, match="can only be read"),
            writing(locked) as session,
        ):
            hold(session, unit=None, reason="x", actor="test", now=at(OPENING))
    assert everything(engine) == before


async def test_nothing_is_sent_from_a_database_that_can_only_be_read(engine):
    open_year(engine)
    sweep(engine, OPENING)
    mailer = RecordingMailer()
    with readers_only(engine) as locked, pytest.raises(DatabaseUnavailableError, match="can only be read"):
        await deliver_at(locked, at(OPENING), mailer)
    assert recipients(mailer) == []


def test_a_folder_that_cannot_be_written_is_named(sqlite):
    with (
        readers_only(sqlite, folder_too=True) as locked,
        pytest.raises(DatabaseUnavailableError, match="can only be read"),
        reading(locked) as session,
    ):
        session.connection()


def test_a_file_that_is_no_database_is_called_damaged(tmp_path):
    (tmp_path / "dondoc.db").write_bytes(b"no database at all" * 400)
    engine = make_engine(f"sqlite:///{tmp_path / 'dondoc.db'}")
    with pytest.raises(DatabaseUnavailableError, match="is damaged: stop the service"), reading(engine) as session:
        session.connection()


def test_a_database_that_another_program_holds_is_called_busy(sqlite):
    other = make_engine(str(sqlite.url))
    with other.connect() as connection:
        connection.execute(text("PRAGMA busy_timeout = 10"))
    with writing(sqlite) as held:
        held.connection()
        with pytest.raises(DatabaseBusyError, match="the database is busy: another program held it"):
            touch(other)
    other.dispose()


async def test_a_server_that_went_away_is_found_again(postgres):
    """Connections that the server has ended are a passing fault, and the next transaction gets a new one."""
    open_year(postgres)
    with pytest.raises(DatabaseBusyError, match="cannot be reached"):
        end_own_connection(postgres)
    assert len(recipients(await morning(postgres, OPENING))) == MAILS


def test_a_server_that_does_not_answer_is_named_without_its_password():
    engine = make_engine("postgresql://dondoc:geheim@127.0.0.1:1/dondoc")
    with pytest.raises(DatabaseBusyError, match="cannot be reached") as refused, reading(engine) as session:
        session.connection()
    assert "geheim" not in str(refused.value)
