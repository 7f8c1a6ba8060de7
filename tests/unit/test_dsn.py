"""What a returned mail says is read as what a stranger wrote: Postfix's way, Exchange's way, and everybody else's."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from notifications.dsn import LONGEST, UnreadableError, read_returned

READER, ID = "dau-moi.xa-dak-koi@konray.example", "<173.42.7@konray.example>"
CONTENT_TYPE = 'multipart/report; report-type=delivery-status; boundary="=_b"'
TEXT = "Content-Type: text/plain; charset=us-ascii\n\nThis is the mail system. I'm sorry.\n"
STATUS = f"""Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.konray.example
X-Postfix-Queue-ID: 4ZxYQ31bXnz4vqN
Arrival-Date: Tue,  1 Oct 2024 08:30:01 +0700 (+07)

Final-Recipient: rfc822; {READER}
Original-Recipient: rfc822;{READER}
Action: failed
Status: 5.1.1
Remote-MTA: dns; mx.konray.example
Diagnostic-Code: smtp; 550 5.1.1 <{READER}>: Recipient address
    rejected: User unknown in virtual mailbox table
"""
RETURNED = f"""Content-Description: Undelivered Message
Content-Type: message/rfc822
Content-Transfer-Encoding: 7bit

Return-Path: <nhacviec@konray.example>
From: =?utf-8?q?Ph=C3=B2ng?= <nhacviec@konray.example>
To: {READER}
Message-ID: {ID}
Content-Type: text/plain; charset=utf-8

Message-ID: <another@konray.example>
"""
HEADERS = f"""Content-Type: text/rfc822-headers
Content-Description: Undelivered Message Headers

Subject: x
Message-ID:
 {ID}
"""
EXCHANGE_TEXT = """Content-Type: multipart/alternative; differences=Content-Type;
\tboundary="inner"

--inner
Content-Type: text/plain; charset="iso-2022-jp"
Content-Transfer-Encoding: base64

GyRCR1s/Lk1GTUEbKEI=
--inner
Content-Type: text/html; charset="utf-8"
Content-Transfer-Encoding: quoted-printable

<p>Kh=C3=B4ng g=E1=BB=ADi =C4=91=C6=B0=E1=BB=A3c th=C6=B0</p>
--inner--
"""
EXCHANGE_STATUS = f"""Content-Type: message/delivery-status

Reporting-MTA: dns;EX01.konray.example
Received-From-MTA: dns;mail.konray.example
Arrival-Date: Tue, 1 Oct 2024 01:30:01 +0000

Original-Recipient: rfc822;{READER.upper()}
Final-recipient: RFC822;nguoi-nhan@trong.konray.example
Action: Failed
Status: 5.1.10
Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; not found
X-Display-Name: =?utf-8?B?xJDhuqd1IG3hu5Fp?=
"""


def dsn(*parts, content_type=CONTENT_TYPE):
    """Return a notification with these parts, its lines ended as on the wire."""
    head = f"From: MAILER-DAEMON@mail.konray.example\nAuto-Submitted: auto-replied\nContent-Type: {content_type}\n\n"
    text = head + "".join(f"--=_b\n{part}\n" for part in parts) + "--=_b--\n"
    return text.replace("\n", "\r\n").encode("utf-8", "surrogateescape")


def failures(content):
    returned = read_returned(content)
    return None if returned is None else returned.failures


def test_a_notification_of_postfix_names_mail_recipient_and_reason():
    returned = read_returned(dsn(TEXT, STATUS, RETURNED))
    assert returned.message_id == ID
    (failure,) = returned.failures
    assert failure.recipients == {READER}
    assert failure.why == (
        "5.1.1 550 5.1.1 <address>: Recipient address rejected: User unknown in virtual mailbox table"
    )


def test_one_of_exchange_counts_for_the_address_the_sender_wrote():
    returned = read_returned(dsn(EXCHANGE_TEXT, EXCHANGE_STATUS, RETURNED))
    (failure,) = returned.failures
    assert returned.message_id == ID
    assert failure.recipients == {READER, "nguoi-nhan@trong.konray.example"}
    assert failure.why == "5.1.10 550 5.1.10 RESOLVER.ADR.RecipientNotFound; not found"


def test_the_headers_alone_are_enough():
    assert read_returned(dsn(TEXT, STATUS, HEADERS)).message_id == ID


@pytest.mark.parametrize(
    ("old", "new", "number"),
    [
        ("Action: failed", "Action: delayed", 0),  # tried again by the mail server
        ("Action: failed", "Action: delivered", 0),
        ("Action: failed", "Action: relayed", 0),
        ("Action: failed", "Action: expanded", 0),
        ("Action: failed\n", "", 0),
        ("Status: 5.1.1", "Status: 4.4.1", 1),  # given up after days
        ("Status: 5.1.1", "Status: 5.1.1 (no such user)", 1),
        ("Status: 5.1.1", "Status: 2.0.0", 0),
        ("Status: 5.1.1", "Status: 5.1.1.1", 0),
        ("Status: 5.1.1", "Status: 550", 0),
        ("Status: 5.1.1\n", "", 0),
        ("Diagnostic-Code: smtp;", "Diagnostic-Code: x-lạ;", 1),
    ],
)
def test_only_what_failed_and_is_not_tried_again_is_a_failure(old, new, number):
    assert old in STATUS
    found = failures(dsn(TEXT, STATUS.replace(old, new, 1), RETURNED))
    assert len(found) == number


@pytest.mark.parametrize(
    ("status", "no_mailbox"),
    [
        ("5.1.1", True),
        ("5.1.2", True),
        ("5.1.10", True),
        ("5.2.1", True),
        ("5.1.8", False),  # it is our address that it does not like
        ("5.2.2", False),  # full
        ("5.3.4", False),  # too large
        ("5.4.6", False),  # sent in a circle
        ("5.6.1", False),
        ("5.7.1", False),  # a filter
        ("5.7.26", False),  # our domain's records
        ("4.1.1", False),
    ],
)
def test_only_some_failures_speak_of_the_mailbox(status, no_mailbox):
    (failure,) = failures(dsn(TEXT, STATUS.replace("Status: 5.1.1", f"Status: {status}"), RETURNED))
    assert failure.no_mailbox is no_mailbox


@pytest.mark.parametrize(
    ("reply", "no_mailbox"),
    [
        ("550 5.1.1 User unknown", True),
        ("550-5.1.1 The account does not exist", True),
        ("550 5.7.1 unwanted", False),
        ("550 User unknown", False),
        ("450 5.1.1 x", False),
    ],
)
def test_a_status_that_says_nothing_leaves_it_to_the_reply(reply, no_mailbox):
    """Exim writes 5.0.0 whatever the reason."""
    start = STATUS.index("Diagnostic-Code")
    said = STATUS[:start].replace("Status: 5.1.1", "Status: 5.0.0") + f"Diagnostic-Code: smtp; {reply}\n"
    (failure,) = failures(dsn(TEXT, said, RETURNED))
    assert (failure.no_mailbox, failure.why) == (no_mailbox, f"5.0.0 {reply}")


def test_each_of_several_recipients_is_judged_for_itself():
    other = "\nFinal-Recipient: rfc822; b@konray.example\nAction: delayed\nStatus: 4.4.1\n"
    third = "\nFinal-Recipient: rfc822; c@konray.example\nAction: failed\nStatus: 5.2.1\n"
    found = failures(dsn(TEXT, STATUS + other + third, RETURNED))
    assert [min(failure.recipients) for failure in found] == [READER, "c@konray.example"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0\xff" * 1000,
        b"Subject: Undelivered Mail Returned to Sender\r\n\r\n" + STATUS.encode() + RETURNED.encode(),
        dsn(TEXT, STATUS, RETURNED, content_type='multipart/mixed; boundary="=_b"'),
        dsn(TEXT, STATUS, RETURNED, content_type='multipart/report; boundary="=_b"'),
        dsn(TEXT, STATUS, RETURNED, content_type=CONTENT_TYPE.replace("delivery-status", "disposition-notification")),
        dsn(TEXT, STATUS, RETURNED, content_type="multipart/report; report-type=delivery-status"),  # no boundary
        dsn(TEXT, STATUS),  # the mail itself was not returned
        dsn(TEXT, RETURNED),
        dsn(TEXT, STATUS, RETURNED.replace(ID, "<no space allowed@x>")),
        dsn(TEXT, STATUS, RETURNED.replace(ID, "<nul\0@x>")),
        dsn(TEXT, STATUS, RETURNED.replace(f"Message-ID: {ID}\n", "")),
    ],
    ids=[
        "nothing", "garbage", "the same words in a plain mail", "mixed", "no report type", "a receipt", "no boundary",
        "no returned mail", "no status", "no message id", "a nought in the message id", "a message id in the body only",
    ],
)  # fmt: skip
def test_whatever_is_no_whole_notification_says_nothing(content):
    assert read_returned(content) is None


def test_a_notification_inside_another_mail_is_not_looked_at():
    """Somebody forwards one, or one about a forwarded one comes back: it is not said of the mail outside."""
    inner = "Content-Type: message/rfc822\n\n" + dsn(TEXT, STATUS, RETURNED).decode().replace("\r\n", "\n")
    inner = inner.replace("=_b", "=_inner")
    assert read_returned(dsn(TEXT, inner, content_type='multipart/mixed; boundary="=_b"')) is None
    assert read_returned(dsn(TEXT, inner)) is None
    outer = STATUS.replace("failed", "delayed").replace("5.1.1", "4.4.1")
    assert not failures(dsn(TEXT, outer, HEADERS, inner))


def test_the_returned_mail_may_be_of_any_size():
    huge = RETURNED + "x" * 70 + ("\n" + "x" * 70) * (20 * LONGEST // 71)
    content = dsn(TEXT, STATUS, huge)
    assert len(content) > 20 * LONGEST
    assert failures(content) == failures(dsn(TEXT, STATUS, RETURNED))


def test_what_stands_behind_the_limit_is_never_reached():
    assert read_returned(dsn(TEXT + "x\n" * LONGEST, STATUS, RETURNED)) is None


def test_a_mail_nested_without_end_is_refused_and_not_followed():
    deep = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(5000))
    with pytest.raises(UnreadableError):
        read_returned(deep)


def test_what_the_parser_stumbles_over_is_refused():
    with pytest.raises(UnreadableError):
        read_returned(dsn(TEXT, content_type="multipart/report; boundary*=a; boundary*0=b"))


@pytest.mark.parametrize("fold", ["", "\r\n\t", "\n  ", "\r "])
@pytest.mark.parametrize("before", ["", "Subject: x\r\n", "Subject: x\r", "Content-Type: a/b; boundary=b\n\n--b\n"])
def test_a_content_type_that_would_take_minutes_is_refused(before, fold):
    content = f'{before}content-TYPE: multipart/report; x="' + f";;;;;;;;{fold}" * (LONGEST // 12)
    with pytest.raises(UnreadableError):
        read_returned(content.encode())


def test_a_diagnosis_is_one_short_line_of_ascii():
    lines = "Diagnostic-Code: smtp; 550 không\0có\tngười nhận này\n <script>" + "y" * 5000 + "\n"
    start = STATUS.index("Diagnostic-Code")
    (failure,) = failures(dsn(TEXT, STATUS[:start] + lines, RETURNED))
    assert failure.why.startswith("5.1.1 550 kh")
    assert failure.why.isascii()
    assert failure.why.isprintable()
    assert len(failure.why) <= 200


PIECES = [
    "--=_b\r\n", "--=_b--\r\n", "\r\n", TEXT, STATUS, RETURNED, HEADERS, "Content-Type: ", CONTENT_TYPE, "\0", "é", ";",
    '"', "Action: failed\r\n", "Status: 5.1.1\r\n", "Content-Type: message/delivery-status\r\n\r\n", "=?utf-8?q?=",
    "Content-Transfer-Encoding: base64\r\n", "boundary*0*=utf-8''%", "\r", "\n ", "Final-Recipient: ;;<\r\n",
]  # fmt: skip


@given(st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=20)), max_size=30))
@example([f"Content-Type: {CONTENT_TYPE}\r\n\r\n", "--=_b\r\n", STATUS, "--=_b\r\n", HEADERS])
def test_no_mail_whatever_makes_it_fail_in_another_way(pieces):
    content = "".join(pieces).encode("utf-8", "surrogatepass")
    for mail in (content, f"Content-Type: {CONTENT_TYPE}\r\n\r\n".encode() + content):
        try:
            returned = read_returned(mail)
        except UnreadableError:
            continue
        assert returned is None or returned.message_id.isascii()
