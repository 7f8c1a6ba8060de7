"""Links and sessions: whose they are, how long they live, and that opening one changes nothing."""

import hashlib
from datetime import date, timedelta

import pytest
from sqlmodel import col, select

from models import AccessLink, Contact, LinkKind, Message, Staff, Unit
from models.database import reading, writing
from notifications.mailer import RecordingMailer
from rules.access import DRAFT_GRACE, SIGN_IN_LIFE, UNIT_LINK_LIFE, Right, StaffRole, rights_of
from services.delivery import deliver
from services.letters import Letterhead
from services.links import (
    DeadLinkError,
    LinkEnd,
    keep_link,
    new_secret,
    revoke_links,
    sign_in,
    sign_out,
    staff_by_address,
    staff_visitor,
    unit_visitor,
    usable_sign_in,
)
from services.notes import Desk, send_sign_in
from tests.integration.cast import (
    CALENDAR,
    DAK_KOI,
    MINUS_15,
    OFFICER,
    OPENING,
    at,
    both,
    contact_of,
    content_of,
    everything,
    mail_to,
    messages,
    open_year,
    sweep,
)

PAGES = Letterhead(
    from_address="nhacviec@konray.example",
    reply_to="laodong@konray.example",
    public_url="https://dondoc.konray.example",
)
NOON = at(OPENING, 12, 0)


def contact(session, unit=DAK_KOI):
    return session.exec(select(Contact).where(Contact.address == contact_of(unit))).one()


def unit_link(engine, *, now=NOON, unit=DAK_KOI):
    secret = new_secret()
    with writing(engine) as session:
        keep_link(session, secret, LinkKind.UNIT, now=now, contact_id=contact(session, unit).id)
    return secret


def visiting(engine, secret, now, *, grace=False):
    with reading(engine) as session:
        return unit_visitor(session, secret, now=now, grace=grace)


def end_of(engine, secret, now, *, grace=False):
    with pytest.raises(DeadLinkError) as dead:
        visiting(engine, secret, now, grace=grace)
    return dead.value.end


async def mailed(engine, day, mailer):
    sweep(engine, day)
    async with mailer:
        return await deliver(engine, mailer=mailer, calendar=CALENDAR, letterhead=PAGES, now=at(day))


def link_in(mail):
    text, _ = both(mail)
    (link,) = [word for word in text.split() if word.startswith("https://dondoc.konray.example/l/")]
    return link.rpartition("/")[2]


def test_a_link_shows_its_own_unit_until_it_ends(engine):
    secret = unit_link(engine)
    assert visiting(engine, secret, NOON).unit.slug == DAK_KOI
    end = NOON + timedelta(days=45)
    assert visiting(engine, secret, end - timedelta(seconds=1)).contact.address == contact_of(DAK_KOI)
    assert end_of(engine, secret, end) is LinkEnd.EXPIRED


def test_a_link_that_has_just_ended_saves_a_draft_for_one_day_more(engine):
    secret, ended = unit_link(engine), NOON + UNIT_LINK_LIFE
    assert visiting(engine, secret, ended, grace=True).late
    assert not visiting(engine, secret, NOON, grace=True).late
    assert end_of(engine, secret, ended + DRAFT_GRACE, grace=True) is LinkEnd.EXPIRED


def forged(secret):
    return "A" * len(secret)


def truncated(secret):
    return secret[:-1]


def padded(secret):
    return secret + "="


@pytest.mark.parametrize("change", [forged, truncated, padded], ids=lambda change: change.__name__)
def test_what_was_never_given_out_opens_nothing(engine, change):
    assert end_of(engine, change(unit_link(engine)), NOON) is LinkEnd.UNKNOWN


def test_a_removed_contact_has_no_way_in(engine):
    secret = unit_link(engine)
    with writing(engine) as session:
        contact(session).valid_to = OPENING - timedelta(days=1)
    assert end_of(engine, secret, NOON) is LinkEnd.REVOKED


def test_revoking_ends_every_link_of_a_contact_and_of_nobody_else(engine):
    own, also_own, foreign = unit_link(engine), unit_link(engine), unit_link(engine, unit="xa-dak-pne")
    with writing(engine) as session:
        assert revoke_links(session, contact(session).id, actor="test", now=NOON) == 2
    assert [end_of(engine, secret, NOON) for secret in (own, also_own)] == [LinkEnd.REVOKED] * 2
    assert visiting(engine, foreign, NOON).unit.slug == "xa-dak-pne"


def test_looking_at_a_link_changes_nothing(engine):
    secret = unit_link(engine)
    before = everything(engine)
    visiting(engine, secret, NOON)
    end_of(engine, truncated(secret), NOON)
    assert everything(engine) == before


def test_only_a_digest_of_the_secret_is_stored(engine):
    secret = unit_link(engine)
    assert len(secret) >= 43  # 256 bits in base64
    assert secret not in repr(everything(engine))
    with reading(engine) as session:
        (link,) = session.exec(select(AccessLink)).all()
    assert link.digest == hashlib.sha256(secret.encode()).hexdigest()


async def test_every_mail_carries_a_fresh_link_of_its_reader_that_is_stored_nowhere_once_it_is_sent(engine):
    open_year(engine)
    first, second = RecordingMailer(), RecordingMailer()
    await mailed(engine, OPENING, first)
    await mailed(engine, MINUS_15, second)
    secrets = [link_in(mail_to(mailer, contact_of(DAK_KOI))) for mailer in (first, second)]
    assert secrets[0] != secrets[1]
    for secret in secrets:
        assert visiting(engine, secret, at(MINUS_15)).unit.slug == DAK_KOI
        assert secret not in repr(everything(engine))
    kept = [message for message in messages(engine) if message.address == contact_of(DAK_KOI)]
    assert [content_of(engine, message) for message in kept] == [None, None]
    assert all("Kính gửi: Ủy ban nhân dân xã Đăk Kôi" in message.text for message in kept)
    assert "Hạn 31/10/2024" in kept[1].subject


async def test_the_list_to_the_office_leads_to_pages_that_ask_to_sign_in(engine):
    open_year(engine)
    mailer = RecordingMailer()
    await mailed(engine, date(2024, 11, 1), mailer)
    text, _ = both(mail_to(mailer, OFFICER))
    assert "https://dondoc.konray.example/phong" in text.split()
    assert "/phong/vao/" not in text


# --- staff ------------------------------------------------------------------------------------------------------


def asked(engine, *, now=NOON, address=OFFICER):
    """Ask for a sign-in link and return its secret."""
    with writing(engine) as session:
        staff = staff_by_address(session, address, now=now)
        return send_sign_in(session, Desk(letterhead=PAGES, now=now), staff).rpartition("/")[2]


def signed_in(engine, secret, now=NOON):
    with writing(engine) as session:
        return sign_in(session, secret, now=now)


def test_a_sign_in_link_serves_once(engine):
    secret = asked(engine)
    session_secret = signed_in(engine, secret)
    with reading(engine) as session:
        visitor = staff_visitor(session, session_secret, now=NOON)
    assert visitor.staff.address == OFFICER
    assert {plan.slug for plan in visitor.plans} == {"konray-2022-2025"}
    with pytest.raises(DeadLinkError) as dead:
        signed_in(engine, secret)
    assert dead.value.end is LinkEnd.USED


def test_looking_at_a_sign_in_link_does_not_use_it_up(engine):
    secret = asked(engine)
    with reading(engine) as session:
        usable_sign_in(session, secret, now=NOON)
        usable_sign_in(session, secret, now=NOON)
    assert signed_in(engine, secret)


@pytest.mark.parametrize(
    ("later", "life"),
    [
        # Sixty minutes for the link in the mail, a working day for the session it gives.
        ("sign-in", timedelta(minutes=60)),
        ("session", timedelta(hours=12)),
    ],
)
def test_links_and_sessions_of_staff_end(engine, later, life):
    secret = asked(engine)
    if later == "sign-in":
        with pytest.raises(DeadLinkError):
            signed_in(engine, secret, NOON + life)
        return
    session_secret = signed_in(engine, secret)
    with reading(engine) as session:
        staff_visitor(session, session_secret, now=NOON + life - timedelta(seconds=1))
        with pytest.raises(DeadLinkError):
            staff_visitor(session, session_secret, now=NOON + life)


def test_signing_out_ends_the_session_on_the_server(engine):
    session_secret = signed_in(engine, asked(engine))
    with writing(engine) as session:
        sign_out(session, session_secret, now=NOON)
    with reading(engine) as session, pytest.raises(DeadLinkError):
        staff_visitor(session, session_secret, now=NOON)


def test_a_unit_link_is_no_session_and_a_session_no_unit_link(engine):
    session_secret, unit_secret = signed_in(engine, asked(engine)), unit_link(engine)
    assert end_of(engine, session_secret, NOON) is LinkEnd.UNKNOWN
    with reading(engine) as session, pytest.raises(DeadLinkError):
        staff_visitor(session, unit_secret, now=NOON)


def test_who_is_no_longer_named_in_the_file_is_signed_out(engine):
    session_secret = signed_in(engine, asked(engine))
    with writing(engine) as session:
        session.exec(select(Staff).where(Staff.address == OFFICER)).one().valid_to = OPENING - timedelta(days=1)
    with reading(engine) as session, pytest.raises(DeadLinkError):
        staff_visitor(session, session_secret, now=NOON)


async def test_a_sign_in_mail_is_never_sent_after_its_links_end(engine):
    asked(engine)
    mailer = RecordingMailer()
    async with mailer:
        await deliver(engine, mailer=mailer, calendar=CALENDAR, letterhead=PAGES, now=NOON + SIGN_IN_LIFE)
    assert mailer.sent == []
    with reading(engine) as session:
        (message,) = session.exec(select(Message)).all()
    assert (message.state, content_of(engine, message)) == ("expired", None)


@pytest.mark.parametrize(
    ("roles", "rights"),
    [
        # Whoever sets up the year does not receive reports by that alone, and nobody approves his own mailing.
        ([StaffRole.COORDINATOR], {Right.VIEW, Right.RECEIVE, Right.COORDINATE}),
        ([StaffRole.REVIEWER], {Right.VIEW, Right.RECEIVE, Right.REVIEW}),
        ([StaffRole.APPROVER], {Right.VIEW, Right.APPROVE}),
        ([StaffRole.VIEWER], {Right.VIEW}),
        ([], set()),
    ],
)
def test_rights_go_with_roles(roles, rights):
    assert rights_of(roles) == rights


def test_an_office_that_ended_shows_its_staff_no_plan(engine):
    session_secret = signed_in(engine, asked(engine))
    with writing(engine) as session:
        session.exec(select(Unit).where(col(Unit.slug) == "phong-ldtbxh")).one().valid_to = OPENING - timedelta(days=1)
    with reading(engine) as session:
        assert staff_visitor(session, session_secret, now=NOON).plans == ()
