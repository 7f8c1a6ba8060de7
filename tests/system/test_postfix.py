"""Mail goes to a real Postfix: encrypted, signed in, through greylisting and refusals, stored as it was written."""

import json
import re
import shutil
from datetime import date, time
from email import message_from_bytes, policy

import pytest
from sqlmodel import select

from cli.prefect_server import free_port
from models import Message, MessageContent, Notice
from models.database import make_engine, reading, writing
from rules.moments import moment_at
from rules.vocabulary import MessageState, NoticeState
from services.installation import set_clock
from tests.acceptance.command_line import OPENING, dondoc, environment, open_year, owe_opening, until
from tests.system.postfix import HOST, PASSWORD, USER, running_postfix

pytestmark = pytest.mark.system

MAILS = 15
INCOMPLETE = 3
GREYLISTED, UNKNOWN = "dau-moi.xa-dak-koi@konray.example", "dau-moi.xa-dak-pne@konray.example"


@pytest.fixture(scope="module")
def postfix():
    with running_postfix(free_port()) as postfix:
        yield postfix


@pytest.fixture(autouse=True)
def _from_scratch(postfix):
    postfix.empty()


class Home:
    """A folder in which the opening mails are owed, and the settings that lead to Postfix."""

    def __init__(self, folder, postfix):
        self.engine = make_engine(f"sqlite:///{folder / 'dondoc.db'}")
        where = {"smtp_host": HOST, "smtp_port": postfix.port, "smtp_user": USER, "smtp_password": PASSWORD}
        self.settings = where | {"smtp_security": "starttls", "smtp_ca_file": postfix.ca_file}
        self.folder = folder

    def deliver(self, at, *, code=0, **changed):
        """Run `dondoc deliver` when the rehearsal's clock shows `at`."""
        with writing(self.engine) as session:
            set_clock(session, moment_at(date.fromisoformat(OPENING), at))
        variables = environment(self.folder, **{**self.settings, **changed})
        return json.loads(dondoc(variables, "deliver", "--json", code=code))

    def messages(self):
        with reading(self.engine) as session:
            return session.exec(select(Message)).all()

    def notices(self, state):
        with reading(self.engine) as session:
            return session.exec(select(Notice).where(Notice.state == state)).all()


@pytest.fixture(scope="module")
def owed(tmp_path_factory):
    opened = tmp_path_factory.mktemp("opened")
    open_year(opened)
    return owe_opening(opened, tmp_path_factory.mktemp("owed") / "home")


@pytest.fixture
def home(owed, postfix, tmp_path):
    home = Home(shutil.copytree(owed, tmp_path / "home"), postfix)
    yield home
    home.engine.dispose()


def body_and_headers(stored):
    """Return a stored mail without the four headers that Postfix puts above it, its lines ended as they were sent."""
    own = rb"\A(?:(?:Return-Path|X-Original-To|Delivered-To|Received):.*\n(?:[ \t].*\n)*)+"
    return re.sub(own, b"", stored).replace(b"\n", b"\r\n")


def to(stored):
    return message_from_bytes(stored, policy=policy.default)["Delivered-To"]


def test_every_mail_is_stored_as_it_was_written_and_is_seven_bit_clean(home, postfix):
    # Nobody listens there: the mails are written and kept, and can be read before they are sent and emptied.
    home.deliver(time(8, 30), code=INCOMPLETE, smtp_port=free_port())
    with reading(home.engine) as session:
        written = list(session.exec(select(MessageContent.content)))
    report = home.deliver(time(8, 31))
    assert (report["mails"], report["undelivered"], report["alarm"]) == (MAILS, 0, "")
    until(lambda: len(postfix.stored()) == MAILS)
    stored = postfix.stored()
    assert sorted(map(body_and_headers, stored)) == sorted(written)
    assert all(mail.isascii() and max(map(len, mail.splitlines())) <= 998 for mail in written)
    assert all(mail.endswith(b"\r\n") and not re.search(rb"(?<!\r)\n", mail) for mail in written)
    assert len({to(mail) for mail in stored}) == MAILS


def test_the_conversation_is_encrypted_and_signed_in_on_as_many_connections_as_are_set(home, postfix):
    home.deliver(time(8, 30))
    until(lambda: len(postfix.stored()) == MAILS)
    assert all(b"with ESMTPSA" in mail for mail in postfix.stored())
    ids = {message_from_bytes(mail)["Message-ID"] for mail in postfix.stored()}
    took = [entry for entry in postfix.log.splitlines() if f"sasl_username={USER}@" in entry]
    processes = {re.search(r"smtpd\[(\d+)\]", entry)[1] for entry in took[-MAILS:]}
    assert (len(ids), len(processes)) == (MAILS, 4)


def test_a_mailbox_that_is_not_there_is_told_to_the_head_at_once_and_its_address_is_not_repeated(home, postfix):
    postfix.refuse({UNKNOWN: "550 5.1.1 User unknown"})
    assert home.deliver(time(8, 30))["mails"] == MAILS
    until(lambda: len(postfix.stored()) == MAILS)
    assert {to(mail) for mail in postfix.stored()} == {m.address for m in home.messages()} - {UNKNOWN}
    assert UNKNOWN.replace("dau-moi", "chu-tich") in {to(mail) for mail in postfix.stored()}
    (detail,) = [m.detail for m in home.messages() if m.address == UNKNOWN]
    assert detail.startswith("5.1.1 <address>: Recipient address rejected: User unknown")
    assert not home.notices(NoticeState.OWED) + home.notices(NoticeState.FAILED)


def test_a_greylisted_mail_waits_five_minutes_and_a_refused_one_is_an_end_for_itself_alone(home, postfix):
    postfix.refuse({GREYLISTED: "450 4.2.0 Greylisted", UNKNOWN: "550 5.7.1 Unwanted"})
    report = home.deliver(time(8, 30), code=INCOMPLETE)
    assert (report["mails"], report["undelivered"], report["alarm"]) == (MAILS - 2, 1, "")
    until(lambda: len(postfix.stored()) == MAILS - 2)
    (refused,) = [mail for mail in home.messages() if mail.state is MessageState.FAILED]
    assert "Unwanted" in refused.detail

    postfix.refuse({})
    assert home.deliver(time(8, 34), code=INCOMPLETE)["mails"] == 0
    assert home.deliver(time(8, 36))["mails"] == 1
    until(lambda: len(postfix.stored()) == MAILS - 1)
    assert {to(mail) for mail in postfix.stored()} == {m.address for m in home.messages()} - {UNKNOWN}
    assert sorted(m.state for m in home.messages()) == [MessageState.FAILED] + [MessageState.SENT] * (MAILS - 1)
    assert home.notices(NoticeState.OWED), "what the refused mail told is due again the next morning"


@pytest.mark.parametrize(
    ("changed", "alarm"),
    [
        ({"smtp_password": "wrong"}, "refused the sign-in"),
        ({"smtp_ca_file": ""}, "certificate verify failed"),
        ({"smtp_security": "none"}, "refused|STARTTLS|AUTH"),
    ],
    ids=["a wrong password", "an authority that is not trusted", "no encryption"],
)
def test_what_stops_everybodys_mail_raises_an_alarm_and_loses_nothing(home, postfix, changed, alarm):
    report = home.deliver(time(8, 30), code=INCOMPLETE, **changed)
    assert re.search(alarm, report["alarm"]), report["alarm"]
    assert (report["mails"], report["undelivered"]) == (0, MAILS)
    assert home.deliver(time(8, 45))["mails"] == MAILS
    until(lambda: len(postfix.stored()) == MAILS)
