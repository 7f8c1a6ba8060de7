from dataclasses import replace
from datetime import datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import compat32, default
from zoneinfo import ZoneInfo

import pytest

from notifications.content import Reader, Rendered, Sender
from notifications.message import HeaderRefusedError, build
from rules.vocabulary import MessageKind

SENDER = Sender(
    office_short="Phòng LĐ-TB&XH huyện Kon Rẫy",
    contact_title="Công chức theo dõi, tổng hợp",
    from_address="nhacviec@konray.example",
    reply_to="laodong@konray.example",
)
READER = Reader(address="dakkoi@konray.example", display="Ủy ban nhân dân xã Đăk Kôi")
RENDERED = Rendered(
    subject="Hạn 14/11/2024 (còn 05 ngày làm việc): Báo cáo năm 2024 – UBND xã Đăk Kôi",
    text="Kính gửi: Ủy ban nhân dân xã Đăk Kôi\n\n.\nTrân trọng.\n",
    html="<p>Kính gửi: Ủy ban nhân dân xã Đăk Kôi</p>\n",
)
DATE = datetime(2024, 11, 7, 7, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))
KEYS = ("konray-2022-2025/2024/V.4-3.a/xa-dak-koi/1/-5/contact", "konray-2022-2025/2024/V.4-1.a/xa-dak-koi/1/0/contact")
ICS = "BEGIN:VCALENDAR\r\nMETHOD:PUBLISH\r\nSUMMARY:Hạn\r\nEND:VCALENDAR\r\n".encode()


def built(rendered=RENDERED, **changes):
    facts = {
        "reader": READER,
        "sender": SENDER,
        "message_id": "<2024-11-07.1@konray.example>",
        "date": DATE,
        "kind": MessageKind.MORNING,
        "notice_keys": KEYS,
    }
    return build(rendered, **(facts | changes))


def parsed(content: bytes) -> EmailMessage:
    message = message_from_bytes(content, policy=default)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    return message


def test_the_mail_says_who_to_whom_and_that_a_machine_sent_it():
    message = parsed(built())
    assert str(message["From"]) == "Phòng LĐ-TB&XH huyện Kon Rẫy <nhacviec@konray.example>"
    assert str(message["To"]) == "Ủy ban nhân dân xã Đăk Kôi <dakkoi@konray.example>"
    assert message["Reply-To"] == "laodong@konray.example"
    assert message["Subject"] == RENDERED.subject
    assert message["Date"] == "Thu, 07 Nov 2024 07:00:00 +0700"
    assert message["Message-ID"] == "<2024-11-07.1@konray.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Auto-Response-Suppress"] == "All"
    assert message["X-Dondoc-Kind"] == "morning"
    assert message.get_all("X-Dondoc-Notice") == list(KEYS)
    assert not [name for name in message if name.startswith("List-")]


def test_text_and_html_arrive_as_they_were_written():
    message = parsed(built())
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert html is not None
    assert text.get_content().splitlines() == RENDERED.text.splitlines()
    assert html.get_content().splitlines() == RENDERED.html.splitlines()


def test_the_calendar_is_an_attachment_to_publish():
    (part,) = parsed(built(ics=ICS)).iter_attachments()
    assert part.get_content_type() == "text/calendar"
    assert part.get_param("method") == "PUBLISH"
    assert part.get_filename() == "thoi-han.ics"
    assert part.get_payload(decode=True) == ICS


def test_a_mail_without_deadlines_has_no_attachment():
    assert not list(parsed(built()).iter_attachments())


@pytest.mark.parametrize("ics", [None, ICS])
def test_the_bytes_are_seven_bit_with_short_lines_ended_by_crlf(ics):
    content = built(ics=ics)
    assert content.isascii()
    assert b"\n" not in content.replace(b"\r\n", b"")
    assert max(map(len, content.split(b"\r\n"))) <= 78
    assert content.endswith(b"\r\n")


def test_equal_input_gives_equal_bytes_and_another_message_id_another_boundary():
    assert built(ics=ICS) == built(ics=ICS)
    one, two = parsed(built()), parsed(built(message_id="<2024-11-08.1@konray.example>"))
    assert one.get_boundary() != two.get_boundary()


EVIL = "\r\nBcc: spy@evil.example"


@pytest.mark.parametrize(
    "changes",
    [
        {"reader": replace(READER, address="dakkoi@konray.example" + EVIL)},
        {"reader": replace(READER, address="a@b.example, spy@evil.example")},
        {"reader": replace(READER, address="<a@b.example>")},
        {"reader": replace(READER, address="đăkkôi@konray.example")},
        {"reader": replace(READER, address="dakkoi@konray.example\n")},
        {"sender": replace(SENDER, from_address="x@y.example" + EVIL)},
        {"sender": replace(SENDER, reply_to="x@y.example" + EVIL)},
        {"message_id": "<1@konray.example>" + EVIL},
        {"message_id": "1@konray.example"},
        {"notice_keys": ("key" + EVIL,)},
    ],
)
def test_a_header_cannot_be_smuggled_in_by_an_address_or_a_key(changes):
    with pytest.raises(HeaderRefusedError, match="not a valid"):
        built(**changes)


@pytest.mark.parametrize("letters", ["Ủy ban", "Office"])
def test_a_header_cannot_be_smuggled_in_by_a_name_or_a_subject(letters):
    message = parsed(
        built(
            replace(RENDERED, subject=letters + EVIL),
            reader=replace(READER, display=letters + EVIL),
            sender=replace(SENDER, office_short=letters + EVIL),
        )
    )
    assert "Bcc" not in message
    assert message["Subject"] == f"{letters} Bcc: spy@evil.example"
    assert [address.addr_spec for address in message["To"].addresses] == ["dakkoi@konray.example"]
    assert [address.addr_spec for address in message["From"].addresses] == ["nhacviec@konray.example"]


def test_a_long_name_is_folded_into_several_encoded_words():
    name = "Phòng Lao động - Thương binh và Xã hội, Ủy ban nhân dân huyện Kon Rẫy, tỉnh Kon Tum"
    content = built(sender=replace(SENDER, office_short=name))
    # Not by the modern parser: it keeps the white space between encoded words, which RFC 2047, 6.2 drops.
    folded = message_from_bytes(content, policy=compat32)["From"]
    assert str(make_header(decode_header(folded))) == f"{name} <nhacviec@konray.example>"
    assert max(map(len, content.split(b"\r\n"))) <= 78


def test_a_mail_that_settles_thousands_of_notices_names_the_first_and_stays_within_what_servers_take():
    keys = [f"konray-2022-2025/2024/V.4-3.a/xa-{number}/v1/+3/office-head" for number in range(3_321)]
    content = built(notice_keys=keys)
    message = parsed(content)
    assert message.get_all("X-Dondoc-Notice") == keys[:500]
    assert message["X-Dondoc-Notices-More"] == "2821"
    assert len(content.partition(b"\r\n\r\n")[0]) < 102_400
    assert parsed(built(notice_keys=keys[:500]))["X-Dondoc-Notices-More"] is None


def test_text_without_a_place_to_fold_is_cut_between_characters():
    for subject in ("ế" * 300, "\U0001f4c5" * 100, "Đ" + "a" * 77):
        folded = message_from_bytes(built(replace(RENDERED, subject=subject)), policy=compat32)["Subject"]
        assert str(make_header(decode_header(folded))) == subject
        assert max(map(len, folded.splitlines())) <= 76
