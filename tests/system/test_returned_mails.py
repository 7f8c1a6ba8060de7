"""A mail to a mailbox that does not exist comes back from a real Postfix, lies in a real Dovecot, and is taken in."""

import json
import shutil
import subprocess
import sys
from datetime import date, time

import pytest
from sqlmodel import col, select

from cli.prefect_server import free_port
from models import Contact, Message
from models.database import make_engine, reading, writing
from rules.moments import moment_at
from rules.vocabulary import MessageState
from services.installation import set_clock
from tests.acceptance.command_line import DONDOC, OPENING, dondoc, environment, open_year, owe_opening, until
from tests.system.dovecot import running_dovecot
from tests.system.postfix import HOST, PASSWORD, SENDER, USER, running_postfix

pytestmark = pytest.mark.system

MAILS = 15
CONTACT, HEAD = "dau-moi.xa-dak-pne@konray.example", "chu-tich.xa-dak-pne@konray.example"
TLS_PORT, STARTTLS_PORT = free_port(), free_port()
TRY_AGAIN = 75
FLOW = """
import asyncio
from flows.deliver_mail import deliver_mail

state = asyncio.run(deliver_mail(return_state=True))
print(state.type.value, state.message)
"""


@pytest.fixture(scope="module")
def postfix():
    with running_postfix(free_port(), gone=(CONTACT,)) as postfix:
        yield postfix


@pytest.fixture(scope="module", autouse=True)
def dovecot(postfix):
    with running_dovecot(postfix, tls_port=TLS_PORT, starttls_port=STARTTLS_PORT) as folder:
        yield folder


@pytest.fixture(scope="module")
def owed(tmp_path_factory):
    opened = tmp_path_factory.mktemp("opened")
    open_year(opened)
    return owe_opening(opened, tmp_path_factory.mktemp("owed") / "home")


class Home:
    """A folder in which the opening mails are owed, and the settings that lead to Postfix and Dovecot."""

    def __init__(self, folder, postfix):
        self.folder, self.postfix = folder, postfix
        self.engine = make_engine(f"sqlite:///{folder / 'dondoc.db'}")
        out = {"smtp_host": HOST, "smtp_port": postfix.port, "smtp_user": USER, "smtp_password": PASSWORD}
        back = {"imap_host": HOST, "imap_port": TLS_PORT, "imap_user": SENDER, "imap_password": PASSWORD}
        trust = {"smtp_ca_file": postfix.ca_file, "imap_ca_file": postfix.ca_file}
        self.settings = {**out, **back, **trust, "mail_from": SENDER}

    def run(self, *arguments, at=time(8, 30), code=0, **changed):
        """Run one command when the rehearsal's clock shows `at`."""
        with writing(self.engine) as session:
            set_clock(session, moment_at(date.fromisoformat(OPENING), at))
        return dondoc(environment(self.folder, **{**self.settings, **changed}), *arguments, code=code)

    def deliver(self, at):
        return json.loads(self.run("deliver", "--json", at=at))

    def look(self, at, **changed):
        return json.loads(self.run("bounce", "--mailbox", "--json", at=at, **changed))

    def state_of_mails_to(self, address):
        with reading(self.engine) as session:
            return session.exec(select(Message.state).where(Message.address == address)).all()

    def unreachable(self):
        with reading(self.engine) as session:
            query = select(Contact.address, Contact.unreachable_why).where(col(Contact.unreachable_since).is_not(None))
            return session.exec(query).all()

    def came_back(self):
        """Send everything and wait until the one mail has come back; returns the notification."""
        assert self.deliver(time(8, 30))["mails"] == MAILS
        until(lambda: list((self.postfix.returned / "new").glob("*")))
        (path,) = (self.postfix.returned / "new").glob("*")
        return path.read_bytes()


@pytest.fixture
def home(owed, postfix, tmp_path):
    postfix.empty()
    home = Home(shutil.copytree(owed, tmp_path / "home"), postfix)
    yield home
    home.engine.dispose()


def test_what_came_back_is_read_from_the_mailbox_once_and_the_head_is_written_to(home):
    home.came_back()
    assert home.look(time(8, 45))["taken"] == {"bounced": 1}
    assert home.state_of_mails_to(CONTACT) == [MessageState.BOUNCED]
    ((address, why),) = home.unreachable()
    assert address == CONTACT
    assert why.startswith("5.1.1 unknown user")
    assert home.look(time(8, 50))["taken"] == {}
    assert home.run("bounce", "--mailbox", at=time(8, 55)) == "no unread notification\n"
    assert home.deliver(time(9, 0))["mails"] == 1
    assert home.state_of_mails_to(HEAD) == [MessageState.SENT]


def test_the_same_message_from_a_pipe_does_the_same(home):
    content = home.came_back()

    def piped(content, **changed):
        variables = environment(home.folder, **{**home.settings, **changed})
        done = subprocess.run([DONDOC, "bounce"], input=content, env=variables, capture_output=True, check=False)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    code, said, _ = piped(content.replace(b"Action: failed", b"Action: delayed"))
    assert (code, home.unreachable()) == (0, [])
    assert said.startswith("nothing changed")
    code, said, complaint = piped(content, database_url=f"sqlite:///{home.folder}/no/database.db")
    assert (code, said) == (TRY_AGAIN, "")
    assert complaint.startswith("dondoc: not taken in, try again later: ")
    assert piped(content) == (0, "the mail came back: what it told is owed again\n", "")
    assert [address for address, _ in home.unreachable()] == [CONTACT]
    assert piped(content)[1].startswith("nothing changed")


def test_other_mails_in_the_mailbox_stay_unread(home):
    content = home.came_back()
    box = home.postfix.returned / "new"
    (box / "1.other").write_bytes(b"Subject: x\r\n\r\nA person's mail\r\n")
    (box / "2.forged").write_bytes(content.replace(b"Message-ID: <", b"Message-ID: <0"))
    for path in box.iterdir():
        shutil.chown(path, "postfix")
    assert home.look(time(8, 45))["taken"] == {"bounced": 1, "not ours": 1}
    assert home.look(time(8, 50))["taken"] == {"not ours": 1}
    left = [path.name for part in ("new", "cur") for path in (home.postfix.returned / part).iterdir()]
    assert sorted(name.partition(":2,")[2] for name in left) == ["", "", "S"]


@pytest.mark.parametrize(
    "changed",
    [{"imap_security": "starttls", "imap_port": STARTTLS_PORT}, {"imap_folder": "INBOX"}],
    ids=["STARTTLS", "a folder by name"],
)
def test_the_mailbox_is_reached_in_each_way(home, changed):
    home.came_back()
    assert home.look(time(8, 45), **changed)["taken"] == {"bounced": 1}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"imap_password": "wrong"}, "the sign-in was refused"),
        ({"imap_ca_file": ""}, "CERTIFICATE_VERIFY_FAILED"),
        ({"imap_folder": "Khong co"}, "cannot be read"),
        ({"imap_port": free_port()}, "refused"),
        ({"imap_host": ""}, "DONDOC_IMAP_HOST is not set"),
    ],
    ids=["a wrong password", "an authority that is not trusted", "no such folder", "nobody there", "not set"],
)
def test_a_mailbox_that_cannot_be_read_is_one_clear_line(home, changed, said):
    variables = environment(home.folder, **{**home.settings, **changed})
    done = subprocess.run([DONDOC, "bounce", "--mailbox"], env=variables, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert said in line
    assert PASSWORD not in line


def test_the_doctor_says_whether_the_mailbox_can_be_read(home):
    home.came_back()

    def said(**changed):
        variables = environment(home.folder, **{**home.settings, **changed})
        done = subprocess.run([DONDOC, "doctor", "--json"], env=variables, capture_output=True, text=True, check=False)
        return next(part for part in json.loads(done.stdout)["parts"] if part["name"].startswith("returned"))

    assert said()["verdict"] == "good"
    assert said()["found"].endswith("INBOX can be read, 1 unread")
    assert said(imap_password="wrong")["verdict"] == "wrong"
    assert said(imap_host="")["verdict"] == "warning"


def test_the_scheduled_delivery_looks_first_and_goes_on_where_it_cannot(home):
    """The flow as Prefect runs it, with a server that it starts for itself."""
    home.came_back()

    def run(at, **changed):
        with writing(home.engine) as session:
            set_clock(session, moment_at(date.fromisoformat(OPENING), at))
        variables = environment(home.folder, **{**home.settings, **changed}) | {"PREFECT_HOME": str(home.folder / "p")}
        done = subprocess.run([sys.executable, "-c", FLOW], env=variables, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()[-1]

    nowhere = {"imap_port": free_port()}
    said = run(time(8, 45), **nowhere)
    assert said.startswith("FAILED 08/01/2024: đã gửi 0 thư. Chưa đọc được hộp thư trả lại: returned mails at 127.0"), (
        said
    )
    assert run(time(9, 0)) == "COMPLETED 08/01/2024: đã gửi 1 thư; sent 7. Thư bị trả lại: 01."
    assert home.state_of_mails_to(HEAD) == [MessageState.SENT]
    assert run(time(9, 15), imap_host="") == "COMPLETED 08/01/2024: đã gửi 0 thư."
