"""A database of the version before the pages keeps everything it holds when it is brought up to date, or stays old."""

import multiprocessing
import os
import signal

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import event, text

from models.database import MIGRATIONS, is_current, knows, make_engine, reading, upgrade, version_of, writing
from models.faults import DatabaseError
from services.holds import hold
from tests.integration.faulty import full_disk
from tests.integration.old_versions import MADE, fill, old, rows_of

__all__ = ["old"]


def test_rows_of_the_first_version_are_whole_in_the_newest(old):
    with old.execution_options(dondoc_writes=True).begin() as connection:
        connection.execute(
            text("INSERT INTO event (at, actor, action, subject, detail) VALUES (:at, 'cli', 'opened', 'x', '{}')"),
            {"at": MADE},
        )
        connection.execute(
            text(
                "INSERT INTO unit (slug, brought_by, name, short_name, kind, subordinate) "
                "VALUES ('xa-a', 'plan', 'Xã A', 'A', 'xa', true)"
            )
        )
        connection.execute(
            text(
                "INSERT INTO contact (unit_id, role, address, title, language) "
                "SELECT id, 'contact', 'a@konray.example', 'Đầu mối', 'vi' FROM unit"
            )
        )
        connection.execute(
            text(
                "INSERT INTO message (kind, address, local_date, header_id, sender, content, state, attempts, "
                "uncertain, detail, made_at) VALUES ('morning', :state, '2024-01-02', :state, 's', :content, :state, "
                "1, false, '', :at)"
            ),
            [{"content": b"bytes", "at": MADE, "state": state} for state in ("sent", "stored")],
        )
    upgrade(old)
    with old.connect() as connection:
        assert connection.execute(text("SELECT action, once FROM event")).all() == [("opened", None)]
        assert connection.execute(text("SELECT address, named_here FROM contact")).all() == [
            ("a@konray.example", False)
        ]
        assert connection.execute(text("SELECT unreachable_since, unreachable_why FROM contact")).all() == [(None, "")]
        assert connection.execute(text("SELECT subject, text, state FROM message ORDER BY id")).all() == [
            ("", "", "sent"),
            ("", "", "stored"),
        ]
        of_mails = "SELECT state, c.content FROM messagecontent c JOIN message ON message.id = message_id"
        assert [(state, bytes(kept)) for state, kept in connection.execute(text(of_mails))] == [("stored", b"bytes")]


def test_a_full_database_of_the_first_version_loses_no_row(old):
    """Every table has a row that another one refers to: none may be dropped on the way."""
    before = fill(old)
    upgrade(old)
    after = rows_of(old)
    assert {name: after[name] for name in before} == before
    with writing(old) as session:
        session.execute(text("DELETE FROM hold"))
        hold(session, unit=None, reason="x", actor="test", now=MADE)  # and it can be used


def test_references_are_watched_over_again_after_an_upgrade(old):
    fill(old)
    upgrade(old)
    with pytest.raises(Exception, match=r"FOREIGN KEY|foreign key"), writing(old) as session:
        session.execute(text("DELETE FROM unit"))


POINTS = [("CREATE TABLE", 1), ("CREATE TABLE", 8), ("ALTER TABLE", 1), ("ALTER TABLE", 4), ("UPDATE alembic", 1)]


@pytest.mark.parametrize(("statement", "nth"), [*POINTS, ("COMMIT", 1)])
def test_an_upgrade_that_is_killed_leaves_the_old_version_whole_and_is_made_up_for(old, statement, nth):
    before = fill(old)
    url = old.url.render_as_string(hide_password=False)
    process = multiprocessing.get_context("fork").Process(target=upgrade_until, args=(url, statement, nth))
    old.dispose()
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL, "it ended before it was killed"
    with old.connect() as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == "0001"
    assert rows_of(old) == before
    upgrade(old)
    after = rows_of(old)
    assert {name: after[name] for name in before} == before
    assert set(after) > set(before)


def upgrade_until(url, statement, nth):
    """Upgrade, and be killed just before the n-th such statement."""
    engine, seen = make_engine(url), []

    def strike(said):
        if said.strip().startswith(statement):
            seen.append(said)
            if len(seen) == nth:
                os.kill(os.getpid(), signal.SIGKILL)

    event.listen(engine, "before_cursor_execute", lambda _1, _2, said, *_: strike(said))
    event.listen(engine, "commit", lambda _: strike("COMMIT"))
    upgrade(engine)


def test_an_upgrade_for_which_there_is_no_room_leaves_the_old_version_whole(old):
    before = fill(old)
    with full_disk(old, "UPDATE ON alembic_version"):
        with pytest.raises(DatabaseError, match="the disk of the database is full"):
            upgrade(old)
        with reading(old) as session:
            assert session.execute(text("SELECT version_num FROM alembic_version")).scalar() == "0001"
    assert {name: rows for name, rows in rows_of(old).items() if name in before} == before
    upgrade(old)


def test_the_versions_are_told_from_the_files_as_alembic_tells_them(old):
    upgrade(old)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    script = ScriptDirectory.from_config(config)
    assert version_of(old) == script.get_current_head()
    assert is_current(old)
    assert all(knows(revision.revision) for revision in script.walk_revisions())
    assert not knows("9999")
