"""Two processes at once: what one has recorded the other does not record again, and no look is lost."""

import asyncio
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from threading import Barrier, Event

import pytest
from sqlalchemy import event, func, text
from sqlmodel import col, select

from models import Assignment, Notice, Responsibility, Review, Sweep, Unit
from models.database import DatabaseError, delivery_lock, make_engine, reading, writing
from notifications.mailer import RecordingMailer
from plans.schema import Member
from rules.lifecycle import Act, ActRefusedError
from services.acts import decide_submission
from services.bounces import Taken
from tests.integration.cast import (
    DAK_KOI,
    MINUS_15,
    OPENING,
    PLUS_1,
    PLUS_6,
    WatchedMailer,
    assignment,
    at,
    contact_of,
    deliver_at,
    hand_in,
    load,
    morning,
    notices,
    open_year,
    outcomes,
    recipients,
    sweep,
    with_members,
)
from tests.integration.returned import comes_back
from tests.integration.test_deadline_changes import changed

ROOT = Path(__file__).parents[2]


def address_of(engine):
    return engine.url.render_as_string(hide_password=False)


def at_once(engine, work, times=2):
    """Run `work` in so many threads, each with an engine of its own; returns results and refusals."""
    start = Barrier(times)

    def one(_):
        own = make_engine(address_of(engine))
        start.wait()
        try:
            return work(own)
        except ActRefusedError as refusal:
            return refusal
        finally:
            own.dispose()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(one, range(times)))


def doubles(engine):
    key = (Notice.assignment_id, Notice.version, Notice.rung, Notice.audience)
    with reading(engine) as session:
        return session.exec(select(*map(col, key)).group_by(*map(col, key)).having(func.count() > 1)).all()


def test_two_sweeps_at_once_make_no_doubles(engine):
    open_year(engine)
    reports = at_once(engine, lambda own: sweep(own, OPENING)[0], times=3)
    assert sorted(report.counts.get("owed", 0) for report in reports) == [0, 0, 7]
    assert outcomes(engine) == {"owed": 7}
    assert doubles(engine) == []
    with reading(engine) as session:
        assert session.exec(select(func.count()).select_from(Sweep)).one() == 1


def test_two_sweeps_at_once_make_missing_assignments_once(engine, konray):
    open_year(engine)
    load(engine, konray, units=with_members(konray, "don-vi-thuc-hien-du-an", Member(unit="phong-vhtt")))
    reports = at_once(engine, lambda own: sweep(own, OPENING, "V.3-3")[0])
    assert sorted(report.made for report in reports) == [0, 1]


def test_a_report_that_two_people_hand_in_at_once_is_recorded_once(engine):
    open_year(engine)
    answers = at_once(engine, lambda own: hand_in(own, DAK_KOI, OPENING))
    assert sorted(isinstance(answer, ActRefusedError) for answer in answers) == [False, True]


def test_a_date_that_is_changed_in_the_midst_of_a_sweep_is_looked_at_in_time(postgres):
    """SQLite has one writer; on PostgreSQL the change comes between the sweep's reading and its writing."""
    open_year(postgres)
    sweep(postgres, OPENING)  # the first one of all looks at the calendar, and locks for that
    other = make_engine(address_of(postgres))
    pool = ThreadPoolExecutor(1)
    running = []

    def meanwhile(_connection, _cursor, statement, *_rest):
        if statement.startswith("INSERT INTO notice") and not running:
            running.append(pool.submit(changed, other, MINUS_15, latest=date(2024, 10, 17)))
            with pytest.raises(TimeoutError):  # it waits for the sweep, instead of being overwritten by it
                running[0].result(timeout=0.5)

    event.listen(postgres, "before_cursor_execute", meanwhile)
    try:
        sweep(postgres, MINUS_15)
        assert running[0].result(timeout=10) == 7
    finally:
        event.remove(postgres, "before_cursor_execute", meanwhile)
        pool.shutdown()
        other.dispose()
    assert assignment(postgres, DAK_KOI).next_look_on == MINUS_15


#: Another sender: takes the lock, says so, and keeps it until its input ends or it is killed.
SENDER = """
import sys
from models.database import delivery_lock, make_engine
with delivery_lock(make_engine(sys.argv[1])) as held:
    print(held, flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("killed", [False, True])
async def test_while_another_process_delivers_this_one_is_busy_and_a_killed_one_blocks_nobody(engine, killed):
    open_year(engine)
    sweep(engine, OPENING)
    mailer = RecordingMailer()
    command = [sys.executable, "-c", SENDER, address_of(engine)]
    with subprocess.Popen(  # noqa: ASYNC220 - nothing else runs in this loop
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        try:
            assert other.stdout.readline() == "True\n"
            assert (await deliver_at(engine, at(OPENING), mailer)).busy
            assert recipients(mailer) == []
        finally:
            if killed:
                other.kill()
            other.communicate(timeout=20)
    # PostgreSQL gives a dead sender's lock back once it notices that the connection is gone.
    for _ in range(100):
        report = await deliver_at(engine, at(OPENING), mailer)
        if not report.busy:
            break
        await asyncio.sleep(0.05)
    assert (report.busy, report.mails) == (False, 7)


async def test_a_sender_whose_lock_was_given_away_sends_nothing_that_another_has_taken(postgres):
    """The database was started anew, and another delivery begins: only the mail under way may come twice."""
    open_year(postgres)
    sweep(postgres, OPENING)
    first, second, other = WatchedMailer(), WatchedMailer(), make_engine(address_of(postgres))
    under_way, ended, pool = Event(), Event(), ThreadPoolExecutor(1)

    def in_the_midst():
        under_way.set()
        assert ended.wait(20)

    def robbed():
        with postgres.connect() as connection:
            connection.execute(text("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"))
        running.append(pool.submit(asyncio.run, deliver_at(other, at(OPENING), second)))
        assert under_way.wait(20)

    running, first.meanwhile, second.meanwhile = [], [robbed], [in_the_midst, lambda: None]
    try:
        with pytest.raises(DatabaseError):
            await deliver_at(postgres, at(OPENING), first)
    finally:
        ended.set()
        pool.shutdown()
        other.dispose()
    running[0].result()
    assert [content for _, content in first.sent if content in dict(second.sent).values()] == [first.sent[0][1]]
    assert len({*recipients(first), *recipients(second)}) == 7
    assert (len(second.sent), outcomes(postgres)) == (2, {"sent": 7})


def test_the_lock_of_the_sender_leaves_no_transaction_open(postgres):
    """Many servers end a session that does (`idle_in_transaction_session_timeout`), and its lock with it."""
    with delivery_lock(postgres) as held, postgres.connect() as connection:
        states = connection.scalars(
            text("SELECT state FROM pg_stat_activity JOIN pg_locks USING (pid) WHERE locktype = 'advisory'")
        ).all()
    assert (held, states) == (True, ["idle"])


async def test_two_deliveries_at_once_send_every_mail_once(engine):
    open_year(engine)
    sweep(engine, MINUS_15)
    one, two = RecordingMailer(), RecordingMailer()
    other = make_engine(address_of(engine))
    try:
        reports = await asyncio.gather(
            deliver_at(engine, at(MINUS_15), one),
            asyncio.to_thread(asyncio.run, deliver_at(other, at(MINUS_15), two)),
        )
    finally:
        other.dispose()
    assert sum(report.mails for report in reports) == 7
    assert len({*recipients(one), *recipients(two)}) == len(recipients(one)) + len(recipients(two)) == 7
    assert notices(engine, DAK_KOI)[-1] == "v1 -15 contact sent"


@pytest.mark.parametrize("day", [OPENING, MINUS_15])
def test_workers_that_all_play_the_whole_morning_at_once_make_no_doubles(engine, day):
    """Four workers on PostgreSQL, two processes' worth on SQLite: every clause is swept, then everything delivered."""
    workers = 4 if engine.dialect.name == "postgresql" else 2
    open_year(engine)
    with reading(engine) as session:
        clauses = list(session.exec(select(Responsibility.clause)))

    def work(own):
        mailer = RecordingMailer()
        sweep(own, day, *clauses)
        report = asyncio.run(deliver_at(own, at(day), mailer))
        return report, recipients(mailer)

    found = at_once(engine, work, times=workers)
    mailed = [address for _, addresses in found for address in addresses]
    assert len(mailed) == len(set(mailed)) == sum(report.mails for report, _ in found) > 7
    assert doubles(engine) == []
    assert set(outcomes(engine)) <= {"sent", "superseded", "skipped"}


def test_a_report_that_comes_in_while_its_mail_is_claimed_stops_it_or_waits_until_it_is_on_its_way(postgres):
    """Without a lock on the assignment it would be committed between the last check and the claim, and not be seen."""
    open_year(postgres)
    sweep(postgres, MINUS_15)
    other, pool, running = make_engine(address_of(postgres)), ThreadPoolExecutor(1), []

    def meanwhile(_connection, _cursor, statement, *_rest):
        if statement.startswith("UPDATE message SET state") and "attempts" in statement and not running:
            running.append(pool.submit(hand_in, other, claimed(postgres), MINUS_15))
            with pytest.raises(TimeoutError):
                running[0].result(timeout=0.5)

    mailer = RecordingMailer()
    event.listen(postgres, "before_cursor_execute", meanwhile)
    try:
        asyncio.run(deliver_at(postgres, at(MINUS_15), mailer))
        running[0].result(timeout=10)
    finally:
        event.remove(postgres, "before_cursor_execute", meanwhile)
        pool.shutdown()
        other.dispose()
    assert len(recipients(mailer)) == 7


def test_a_mail_that_comes_back_while_a_stronger_reminder_is_being_owed_waits_and_is_not_owed_again(postgres):
    """Without a lock on the assignment neither would see the other, and both reminders would be owed."""
    open_year(postgres)
    asyncio.run(morning(postgres, PLUS_1))
    other, pool, running = make_engine(address_of(postgres)), ThreadPoolExecutor(1), []

    def meanwhile(_connection):
        if not running:
            running.append(pool.submit(comes_back, other, contact_of(DAK_KOI), PLUS_6))
            with pytest.raises(TimeoutError):
                running[0].result(timeout=0.5)

    event.listen(postgres, "commit", meanwhile)
    try:
        sweep(postgres, PLUS_6)
        assert running[0].result(timeout=10) is Taken.BOUNCED
    finally:
        event.remove(postgres, "commit", meanwhile)
        pool.shutdown()
        other.dispose()
    assert [line for line in notices(postgres, DAK_KOI) if "contact owed" in line] == ["v1 +6 contact owed"]


def test_notifications_that_are_read_at_once_see_each_other(postgres):
    """Each alone would be believed: a mail server that returns every mail would silence the office."""
    open_year(postgres)
    mailed = recipients(asyncio.run(morning(postgres, OPENING)))
    together = Barrier(len(mailed))

    def read(address):
        together.wait(timeout=10)
        return comes_back(postgres, address, OPENING)

    with ThreadPoolExecutor(len(mailed)) as pool:
        taken = Counter(pool.map(read, mailed))
    assert taken == {Taken.BOUNCED: 2, Taken.DOUBTED: 5}


def claimed(engine):
    """Return the unit whose mail goes first: the sender asks for one alone until the server has answered."""
    with reading(engine) as session:
        return session.exec(
            select(Unit.slug)
            .join(Assignment, col(Assignment.unit_id) == Unit.id)
            .join(Notice, col(Notice.assignment_id) == Assignment.id)
            .where(col(Notice.message_id).is_not(None))
            .order_by(col(Notice.message_id))
        ).first()


def test_of_two_reviewers_at_once_one_decides_and_the_other_is_told(postgres):
    """Both have read that the report waits; the second must see what the first has made of it."""
    open_year(postgres)
    hand_in(postgres, DAK_KOI, MINUS_15)
    both_have_read = Barrier(2)

    def decide(own):
        with writing(own) as session:
            # Kept: a row that nobody holds is forgotten by the session, and read anew whatever it is told.
            waiting = session.exec(select(Assignment).where(Assignment.id == assignment(own, DAK_KOI).id)).one()
            both_have_read.wait()
            return decide_submission(
                session, waiting.id, Act.ACCEPT, acting=None, actor="test", now=at(MINUS_15, 11, 0)
            )

    found = at_once(postgres, decide)
    assert sum(isinstance(one, ActRefusedError) for one in found) == 1
    with reading(postgres) as session:
        assert session.exec(select(func.count()).select_from(Review)).one() == 1
