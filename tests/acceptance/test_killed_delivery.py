"""A delivery is killed with SIGKILL and run again: every notice is in exactly one mail, but for the one in flight."""

import random
import shutil
import signal
import subprocess

import pytest

from tests.acceptance.command_line import DONDOC, OPENING, dondoc, environment
from tests.acceptance.killed_office import Blow, KillingOffice
from tests.integration.mail_office import mails_of_notices

PATIENCE_SECONDS = 60
MAILS = 15  # the opening: the labour office, the culture office, seven communes, six bodies that are only asked
HALF = MAILS // 2 + 1
_SEEDED = random.Random(2024)  # noqa: S311 - the same points in every run
BLOWS = [
    (1, Blow(command="EHLO")),  # connected, no mail begun
    (1, Blow(command="MAIL", nth=HALF + 1)),  # half are accepted, and settled
    (1, Blow(command="DATA", nth=HALF)),  # the mail has arrived, but was not accepted
    # Somewhere between the acceptance of one mail and the next one: while it is settled, or the next is claimed.
    *(
        (connections, Blow(command="TAKEN", nth=_SEEDED.randint(1, HALF), after=_SEEDED.uniform(0.001, 0.02)))
        for connections in (1, 1, 4)
    ),
]


@pytest.fixture
def home(owed, tmp_path):
    return shutil.copytree(owed, tmp_path / "home")


@pytest.fixture
def office():
    with KillingOffice.listening() as office:
        yield office


def settings(home, office, connections):
    server = {"smtp_host": "127.0.0.1", "smtp_port": office.port, "smtp_security": "none"}
    return environment(home, **server, smtp_connections=connections)


def deliver(home, office, connections=1):
    return dondoc(settings(home, office, connections), "deliver", "--as-of", OPENING)


def deliver_and_be_killed(home, office, blow, connections=1):
    argv, chosen = [DONDOC, "deliver", "--as-of", OPENING], settings(home, office, connections)
    with subprocess.Popen(argv, env=chosen, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as sender:
        office.sender, office.blow = sender.pid, blow
        said, _ = sender.communicate(timeout=PATIENCE_SECONDS)
    assert sender.returncode == -signal.SIGKILL, said
    office.blow = None


@pytest.fixture(scope="module")
def undisturbed(owed, tmp_path_factory):
    """Return the notices that a delivery sends which nobody kills."""
    home = shutil.copytree(owed, tmp_path_factory.mktemp("undisturbed") / "home")
    with KillingOffice.listening() as office:
        deliver(home, office)
        holders, copies = mails_of_notices(content for _, content in office.taken)
    assert len(copies) == MAILS
    return set(holders)


@pytest.mark.parametrize(("connections", "blow"), BLOWS, ids=str)
def test_every_notice_is_in_exactly_one_mail_but_the_one_in_flight_may_come_twice_as_the_same(
    home, office, undisturbed, connections, blow
):
    deliver_and_be_killed(home, office, blow, connections)
    before = len(office.taken)
    said = deliver(home, office, connections)
    holders, copies = mails_of_notices(content for _, content in office.taken)
    assert set(holders) == undisturbed
    assert {len(mails) for mails in holders.values()} == {1}
    repeated = {identifier: contents for identifier, contents in copies.items() if len(contents) > 1}
    assert len(repeated) <= connections, "a connection has one mail in flight"
    last = [content for _, content in office.taken[before - connections : before]]
    for identifier, contents in repeated.items():
        assert contents == [contents[0]] * 2
        assert contents[0] in last, f"{identifier} was not in flight"
    assert len({recipient for recipient, _ in office.taken}) == len(copies) == MAILS
    assert f"{MAILS - before + len(repeated)} mail(s) sent" in said


def test_a_mail_whose_acceptance_its_sender_did_not_hear_comes_once_more_with_the_same_bytes(home, office):
    deliver_and_be_killed(home, office, Blow(command="TAKEN", nth=HALF))
    assert len(office.taken) == HALF
    deliver(home, office)
    assert office.taken[HALF] == office.taken[HALF - 1]
    assert len(office.taken) == MAILS + 1
    assert "0 mail(s) sent" in deliver(home, office)
    assert len(office.taken) == MAILS + 1
