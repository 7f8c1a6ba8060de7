"""Bad input at the command line: one clear message, the right exit code, no traceback, and nothing half-written."""

import json
import os
import shutil
import socket
import sys
from errno import EACCES
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest
from sqlalchemy import text

from cli.main import run
from cli.redeploying import redeploy_if_running
from edge import entry
from models import Message, Mode
from models.database import make_engine, writing
from services.files import keep_file
from services.installation import make
from tests.conftest import LOADED
from tests.integration.cast import DAK_KOI, PLAN, everything, number_of, open_year
from tests.integration.faulty import full_disk
from tests.integration.returned import notification

EXAMPLE = Path(__file__).parents[2] / "examples" / "konray"


@pytest.fixture
def plan_folder(tmp_path):
    return Path(shutil.copytree(EXAMPLE, tmp_path / "plan"))


@pytest.fixture
def dondoc(sqlite, monkeypatch, capsys):
    """The command, on a database made in earnest with the plan loaded; returns exit code, output and complaints."""
    monkeypatch.setenv("DONDOC_DATABASE_URL", str(sqlite.url))
    for name in ("DONDOC_SMTP_HOST", "DONDOC_IMAP_HOST", "DONDOC_CALENDAR_FILE", "DONDOC_TRIAL"):
        monkeypatch.delenv(name, raising=False)

    opened = []

    def open_and_remember(url):
        opened.append(make_engine(url))
        return opened[-1]

    monkeypatch.setattr(entry, "make_engine", open_and_remember)

    def command(*arguments):
        monkeypatch.setattr(sys, "argv", ["dondoc", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            run()
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return ended.value.code or 0, " ".join(out.split()), err

    entry.ready_engine.cache_clear()
    mask = os.umask(0o022)
    yield command
    os.umask(mask)
    entry.ready_engine.cache_clear()
    for engine in opened:
        engine.dispose()


def refused(sqlite, dondoc, *arguments, code=1):
    """Run a command that must be refused; returns its message, after looking that nothing was written."""
    before = everything(sqlite)
    ended, _, message = dondoc(*arguments)
    assert ended == code
    assert everything(sqlite) == before
    return message


BAD_INPUT = [
    # A day to come: only a rehearsal may play it.
    (("follow-up", PLAN, "--as-of", "2999-01-04"), 1, "--as-of 2999-01-04 lies after today"),
    (("deliver", "--as-of", "2999-01-04"), 1, "only a rehearsal may play the future"),
    # Days that do not exist, or are not written as days.
    (("follow-up", PLAN, "--as-of", "2024-06-31"), 2, "'2024-06-31' is no date"),
    (("follow-up", PLAN, "--as-of", "31/10/2024"), 2, "write it as 2024-11-14"),
    (("cycle", "deadline", PLAN, "2024", "V.4-3.a", "--basis", "x", "--latest", "2024-6-1"), 2, "is no date"),
    # Neither date, or both.
    (("cycle", "deadline", PLAN, "2024", "V.4-3.a", "--basis", "x"), 2, "give either --before or --latest"),
    # Names that nobody knows.
    (("follow-up", "kon-ray"), 1, f"there is no plan 'kon-ray'; plans here: {PLAN}"),
    (("cycle", "status", "kon-ray", "2024"), 1, "there is no plan 'kon-ray'"),
    (("cycle", "status", PLAN, "2023"), 1, "has no year 2023; opened years: 2024"),
    (("cycle", "close", PLAN, "2023"), 1, "has no year 2023"),
    (("assignment", "accept", "999999"), 1, "there is no assignment 999999"),
    (("assignment", "accept", "1"), 1, "cannot accept an assignment that is open"),
    (("assignment", "receive", "1", "999999", "--number", "45/BC-UBND"), 1, "there is no assignment 999999"),
    (("assignment", "receive", "1", "1", "--number", "45/BC-UBND"), 1, "assignment 1: cannot receive an assignment"),
    (
        ("assignment", "receive", "1", "--number", "x", "--dated", "2999-01-01"),
        1,
        "the date of the document 2999-01-01",
    ),
    (
        ("assignment", "receive", "1", "--number", "x", "--dated", "2024-10-02", "--arrived", "2024-10-01"),
        1,
        "the document of 2024-10-02 cannot arrive on 2024-10-01",
    ),
    # What a unit is to read in its mail.
    (("assignment", "return", "1", "--comment", " ", "--again-by", "2999-01-02"), 1, "say what is to be completed"),
    (("assignment", "extend", "1", "--until", "2999-01-02", "--basis", ""), 1, "name the decision, or its reason"),
    (("assignment", "letter", "1", "--number", "", "--sent", "2024-01-02"), 1, "name the number of the công văn"),
    (("hold", "--unit", "xa-dak-kon", "--reason", "x"), 1, "there is no unit 'xa-dak-kon'"),
    (("hold",), 2, "say why with --reason"),
    # No mail server is named.
    (("deliver",), 1, "DONDOC_SMTP_HOST is not set"),
    # Files that are not there.
    (("cycle", "open", "nowhere.yaml"), 1, "nowhere.yaml"),
    (("plan", "load", "nowhere.yaml"), 1, "nowhere.yaml"),
    (("plan", "check", EXAMPLE), 1, "this is a folder; name a file in it (a plan's is plan.yaml)"),
]


@pytest.mark.parametrize(("arguments", "code", "message"), BAD_INPUT)
def test_bad_input_is_refused_with_a_message_and_nothing_is_written(sqlite, dondoc, arguments, code, message):
    open_year(sqlite)
    said = refused(sqlite, dondoc, *arguments, code=code)
    assert message in " ".join(said.replace("│", " ").split())


BAD_PLANS = [
    ("plan.yaml", "  - id: V.4-3\n", "  - idd: V.4-3\n", "idd"),  # a wrong key
    ("plan.yaml", "addressees: [phong-vhtt]", "addressees: [phong-vhttt]", "phong-vhttt"),  # an unknown unit
    ("plan.yaml", "  - id: V.4-2\n", "  - id: V.4-3\n", "V.4-3"),  # a duplicated clause
    (
        "units.yaml",
        "      - {unit: xa-tan-lap}",
        "      - {group: cac-don-vi-dia-phuong}",
        "cac-xa-thi-tran",
    ),  # a circle
    ("units.yaml", "dau-moi.xa-tan-lap@konray.example", '"a@konray.example\\nBcc: b@x.example"', "address"),
    ("cycles/2024.yaml", "latest: 2024-03-29", "latest: 2024-06-31", "2024-06-31"),  # a day that does not exist
]


@pytest.mark.parametrize(("file", "old", "new", "named"), BAD_PLANS)
def test_a_plan_with_an_error_is_not_loaded(sqlite, dondoc, plan_folder, file, old, new, named):
    path = plan_folder / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    assert named in refused(sqlite, dondoc, "plan", "load", plan_folder / "plan.yaml")


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("latest: 2024-03-29", "latest: 2024-06-31", "2024-06-31"),  # a day that does not exist
        ("duty: V.4-1.a", "duty: V.4-3.a", "V.4-3.a"),  # two deadlines for one duty
        ("plan: konray", "plann: konray", "plann"),  # a wrong key
        ("year: 2024", "year: 2021", "2021 lies outside"),
    ],
)
def test_a_cycle_file_with_an_error_opens_nothing(sqlite, dondoc, plan_folder, old, new, named):
    path = plan_folder / "cycles" / "2024.yaml"
    path.write_text(path.read_text().replace(old, new, 1))
    assert named in refused(sqlite, dondoc, "cycle", "open", path)


def test_a_database_of_a_newer_version_is_refused_and_left_alone(sqlite, dondoc):
    with sqlite.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    said = refused(sqlite, dondoc, "follow-up", PLAN)
    assert "the database is of a newer version (9999) than this program" in said


def test_a_database_that_was_never_made_is_named_with_the_way_to_make_it(dondoc, monkeypatch, tmp_path):
    monkeypatch.setenv("DONDOC_DATABASE_URL", f"sqlite:///{tmp_path}/new.db")
    code, _, said = dondoc("follow-up", PLAN)
    assert code == 1
    assert "`dondoc plan load FILE` or `dondoc init` makes it" in said
    assert list(tmp_path.iterdir()) == []


def test_a_home_that_may_not_be_entered_is_one_sentence(dondoc, monkeypatch, tmp_path):
    """As root nothing is forbidden: the system's answer is put in its place."""
    monkeypatch.setenv("DONDOC_DATABASE_URL", f"sqlite:///{tmp_path / 'closed' / 'dondoc.db'}")
    monkeypatch.setattr(Path, "stat", forbidden)
    code, _, said = dondoc("follow-up", PLAN)
    assert code == 1
    assert "the database cannot be opened: look whether its folder exists" in said
    assert "details are in" not in said


def forbidden(path, **_):
    raise PermissionError(EACCES, "Permission denied", str(path))


def test_what_is_made_in_a_folder_open_to_others_is_its_owners_alone(dondoc, monkeypatch, tmp_path):
    (tmp_path / "open").mkdir(mode=0o755)
    monkeypatch.setenv("DONDOC_DATABASE_URL", f"sqlite:///{tmp_path / 'open' / 'dondoc.db'}")
    assert dondoc("init")[0] == 0
    assert (tmp_path / "open" / "dondoc.db").stat().st_mode & 0o077 == 0


def test_a_home_that_is_made_is_its_owners_alone(dondoc, monkeypatch, tmp_path):
    monkeypatch.setenv("DONDOC_DATABASE_URL", "")
    monkeypatch.setenv("DONDOC_HOME", str(tmp_path / "home"))
    assert dondoc("init", "--rehearsal")[0] == 0
    assert (tmp_path / "home").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    ("address", "message"),
    [("mysql://localhost/x", "not on mysql"), ("nonsense", "is no database address"), ("sqlite:////dev/null/x.db", "")],
)
def test_a_database_address_that_cannot_be_used_is_refused(dondoc, monkeypatch, address, message):
    monkeypatch.setenv("DONDOC_DATABASE_URL", address)
    code, _, said = dondoc("follow-up", PLAN)
    assert code == 1
    assert message in said


def test_a_mail_server_that_is_down_leaves_everything_owed_and_says_so(sqlite, dondoc, monkeypatch):
    open_year(sqlite)
    assert dondoc("follow-up", PLAN, "--as-of", "2024-10-01")[0] == 0
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # nobody listens here
        monkeypatch.setenv("DONDOC_SMTP_HOST", "127.0.0.1")
        monkeypatch.setenv("DONDOC_SMTP_PORT", str(taken.getsockname()[1]))
        monkeypatch.setenv("DONDOC_SMTP_SECURITY", "none")
        code, out, said = dondoc("deliver", "--as-of", "2024-10-01")
    assert code == 3
    assert out.startswith("0 mail(s) sent")
    assert "still to be delivered" in said
    assert "what stopped it: " in said


def test_a_rehearsal_may_play_a_day_to_come(dondoc, monkeypatch, tmp_path):
    url = f"sqlite:///{tmp_path}/rehearsal.db"
    engine = make_engine(url)
    make(engine, mode=Mode.REHEARSAL, now=LOADED)
    engine.dispose()
    monkeypatch.setenv("DONDOC_DATABASE_URL", url)
    assert dondoc("plan", "load", EXAMPLE / "plan.yaml")[0] == 0
    assert dondoc("follow-up", PLAN, "--as-of", "2999-01-04")[0] == 0


def test_a_database_keeps_what_it_was_made_as(dondoc):
    code, out, said = dondoc("init", "--rehearsal")
    assert (code, out) == (3, "")
    assert "the database was made as earnest before and stays so" in said


def test_a_dry_run_says_what_would_happen_and_writes_nothing(sqlite, dondoc):
    before = everything(sqlite)
    code, out, _ = dondoc("cycle", "open", EXAMPLE / "cycles" / "2024.yaml", "--dry-run", "--as-of", "2024-10-01")
    assert code == 0
    assert "Xem trước: chưa có gì được tạo." in out
    assert everything(sqlite) == before


def test_a_year_is_opened_and_its_report_handed_in_by_hand(sqlite, dondoc):
    assert dondoc("cycle", "open", EXAMPLE / "cycles" / "2024.yaml", "--as-of", "2024-10-01")[0] == 0
    for act in (("submit", "--number", "45/BC-UBND"), ("accept",)):
        code, out, _ = dondoc("assignment", act[0], number_of(sqlite, DAK_KOI), *act[1:], "--as-of", "2024-10-02")
        assert code == 0
        assert out.startswith(f"{PLAN}/2024/V.4-3.a/")


def test_a_backup_is_made_and_restored_by_hand(sqlite, dondoc, monkeypatch, tmp_path):
    open_year(sqlite)
    monkeypatch.setenv("DONDOC_FILES", str(tmp_path / "files"))
    code, out, _ = dondoc("backup", tmp_path / "today.zip")
    assert code == 0
    assert f"backed up to {tmp_path / 'today.zip'}, read back and found whole: sqlite, earnest, " in out
    assert "a backup never replaces anything" in refused(sqlite, dondoc, "backup", tmp_path / "today.zip")
    assert "there is a database already" in refused(sqlite, dondoc, "restore", tmp_path / "today.zip")
    monkeypatch.setenv("DONDOC_DATABASE_URL", f"sqlite:///{tmp_path}/new/dondoc.db")
    code, out, _ = dondoc("restore", tmp_path / "today.zip")
    assert code == 0
    assert "Sending is held for all units." in out
    assert dondoc("hold", "--lift")[:2] == (0, "sending is no longer held for all units")
    assert dondoc("cycle", "status", PLAN, "2024")[0] == 0


def test_a_backup_without_a_file_that_is_gone_says_so(sqlite, dondoc, monkeypatch, tmp_path):
    open_year(sqlite)
    monkeypatch.setenv("DONDOC_FILES", str(tmp_path / "files"))
    with writing(sqlite) as session:
        identifier = number_of(sqlite, DAK_KOI)
        kept = keep_file(
            session, tmp_path / "files", content=b"%PDF-1.4\n%%EOF\n", name="a.pdf", actor="test", now=LOADED,
            assignment_id=identifier,
        )  # fmt: skip
    (tmp_path / "files" / kept.stored_as).unlink()
    code, _, said = dondoc("backup", tmp_path / "today.zip")
    assert code == 3
    assert "1 file(s) are missing or changed in" in said
    code, out, _ = dondoc("backup", tmp_path / "second.zip", "--json")
    assert code == 3
    assert json.loads(out)["faulty"] == [kept.stored_as]


@pytest.mark.parametrize("name", ["nowhere/today.zip", "/dev/null/today.zip"])
def test_a_backup_that_cannot_be_written_is_refused_in_one_sentence(sqlite, dondoc, tmp_path, name):
    assert "today.zip cannot be written: " in refused(sqlite, dondoc, "backup", tmp_path / name)


def test_what_is_no_backup_is_not_restored(dondoc, monkeypatch, tmp_path):
    monkeypatch.setenv("DONDOC_DATABASE_URL", f"sqlite:///{tmp_path}/new/dondoc.db")
    (tmp_path / "today.zip").write_bytes(b"PK no zip")
    for name, message in (("today.zip", "is no backup of dondoc, or is damaged"), ("none.zip", "there is no file")):
        code, _, said = dondoc("restore", tmp_path / name)
        assert code == 1
        assert message in said
    assert not (tmp_path / "new" / "dondoc.db").exists()


def test_a_year_that_was_closed_before_is_not_closed_again(sqlite, dondoc):
    open_year(sqlite)
    code, out, _ = dondoc("cycle", "close", PLAN, "2024")
    assert (code, "16 dated assignment(s) were still waiting" in out) == (0, True)
    before = everything(sqlite)
    assert dondoc("cycle", "close", PLAN, "2024") == (0, f"{PLAN} 2024 was closed before; nothing changed", "")
    assert everything(sqlite) == before


@pytest.mark.parametrize("command", [("follow-up", PLAN), ("cycle", "close", PLAN, "2024"), ("hold", "--reason", "x")])
def test_a_full_disk_is_one_sentence_and_nothing_is_written(sqlite, dondoc, command):
    open_year(sqlite)
    table = "sweep" if command[0] == "follow-up" else "event"
    with full_disk(sqlite, f"INSERT ON {table}"):
        said = refused(sqlite, dondoc, *command)
    assert said.startswith("dondoc: the disk of the database is full: nothing was written; make room there")
    assert said.count("\n") == 1


@pytest.fixture
def piped(dondoc, monkeypatch):
    """Run `dondoc bounce` with a message on standard input."""

    def command(content):
        monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(content)))
        return dondoc("bounce")

    return command


@pytest.mark.parametrize("content", [b"", b"Subject: x\r\n\r\nx", notification(), b"x" * 3_000_000])
def test_a_message_that_says_nothing_of_a_mail_of_ours_is_ignored_in_one_line(sqlite, piped, content):
    before = everything(sqlite)
    assert piped(content) == (0, "nothing changed: no notification about a mail of ours", "")
    assert everything(sqlite) == before
    assert sys.stdin.buffer.read() == b""


def test_a_message_that_cannot_be_read_is_refused_in_one_line(piped):
    content = b"Content-Type: multipart/report; boundary*=a; boundary*0=b\r\n\r\n"
    assert piped(content) == (1, "", "dondoc: This message cannot be read as a mail.\n")


def test_a_mail_that_is_just_being_sent_is_asked_for_again(sqlite, piped):
    message = Message(
        kind="immediate", address="a@konray.example", local_date=LOADED.date(), header_id="<2@konray.example>",
        sender="b@konray.example", made_at=LOADED,
    )  # fmt: skip
    with writing(sqlite) as session:
        session.add(message)
    code, said, _ = piped(notification(message))
    assert (code, said) == (75, "nothing changed: the mail is just being sent; try again later")


def test_without_a_database_the_message_is_to_come_again(piped, monkeypatch, tmp_path):
    monkeypatch.setenv("DONDOC_DATABASE_URL", f"sqlite:///{tmp_path}/none.db")
    code, said, complaint = piped(notification())
    assert (code, said) == (75, "")
    assert complaint.startswith("dondoc: not taken in, try again later: There is no database yet")


def test_a_database_that_may_not_be_opened_lets_the_message_come_again(piped, monkeypatch, tmp_path):
    monkeypatch.setenv("DONDOC_DATABASE_URL", f"sqlite:///{tmp_path / 'closed' / 'dondoc.db'}")
    monkeypatch.setattr(Path, "stat", forbidden)
    assert piped(notification())[0] == 75


def test_a_password_for_a_mailbox_elsewhere_never_travels_unprotected(dondoc, monkeypatch):
    for name, value in {"HOST": "mail.example", "SECURITY": "none", "USER": "x", "PASSWORD": "not-to-be-told"}.items():
        monkeypatch.setenv(f"DONDOC_IMAP_{name}", value)
    code, _, complaint = dondoc("bounce", "--mailbox")
    assert code == 1
    assert "would travel unprotected" in complaint


def test_a_year_that_is_opened_beside_a_prefect_server_elsewhere_names_the_command_that_reaches_it(monkeypatch):
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    said = redeploy_if_running()
    assert "`dondoc deploy`" in said
    assert "`dondoc up`" not in said
