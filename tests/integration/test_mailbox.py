"""The trial mailbox, run as the program it is and spoken to with real SMTP and HTTP clients."""

import json
import select
import smtplib
import subprocess
import sys
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import httpx
import pytest

from cli.mailbox import HOST, mailbox_ready
from cli.mailbox_letters import summary

ROOT = Path(__file__).parents[2]
START_SECONDS = 60


@contextmanager
def running(folder, *flags):
    """Run the mailbox on free ports; yields its ports and a client of its pages."""
    command = [sys.executable, "-m", "cli.mailbox", "--folder", str(folder), *flags]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert select.select([process.stdout], [], [], START_SECONDS)[0], "the mailbox did not start"
            ports = json.loads(process.stdout.readline())
            with httpx.Client(base_url=f"http://{HOST}:{ports['http_port']}", trust_env=False, timeout=20) as pages:
                yield ports, pages
        finally:
            process.terminate()
            process.communicate(timeout=20)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("mailbox")


@pytest.fixture(scope="module")
def mailbox(folder):
    with running(folder, "--simulated") as started:
        yield started


def reminder(subject="Hạn 14/11/2024: Báo cáo năm 2024 – UBND xã Đăk Kôi"):
    message = EmailMessage()
    message["From"] = "Phòng LĐ-TB&XH <phong@konray.example>"
    message["To"] = "dakkoi@konray.example"
    message["Subject"] = subject
    message["Date"] = "Thu, 07 Nov 2024 00:00:00 +0000"
    message["Message-ID"] = "<1@konray.example>"
    message.set_content("Kính gửi: Ủy ban nhân dân xã Đăk Kôi\n.\n.dòng bắt đầu bằng dấu chấm\n")
    message.add_alternative(
        "<h1>Kính gửi</h1><script>alert(1)</script><a href='https://konray.example/'>Mở</a>", "html"
    )
    message.add_attachment(b"BEGIN:VCALENDAR\r\n", "text", "calendar", filename="thời hạn.ics")
    return message


def newest(folder):
    return max(folder.glob("*.eml"))


def send_raw(port, content):
    with smtplib.SMTP(HOST, port) as client:
        client.sendmail("phong@konray.example", ["dakkoi@konray.example"], content)


def test_a_name_in_several_encoded_words_is_shown_as_it_was_written():
    """The longer names of offices do not go into one encoded word; between two of them no space is meant (RFC 2047)."""
    content = (
        "To: =?utf-8?q?UBND_x=C3=A3_=C4=90=C4=83k_K=C3=B4i=2C_huy=E1=BB=87n_K?=\r\n"
        " =?utf-8?q?on_R=E1=BA=ABy?= <dakkoi@konray.example>\r\nSubject: x\r\n\r\n"
    )
    assert summary(1, content.encode()).to == "UBND xã Đăk Kôi, huyện Kon Rẫy <dakkoi@konray.example>"


async def test_a_mail_is_kept_byte_for_byte(mailbox, folder):
    ports, _ = mailbox
    content = reminder().as_bytes().replace(b"\n", b"\r\n").replace(b"\r\r\n", b"\r\n")
    smtp = aiosmtplib.SMTP(hostname=HOST, port=ports["smtp_port"], start_tls=False)
    async with smtp:
        await smtp.sendmail("phong@konray.example", ["dakkoi@konray.example"], content)
    assert newest(folder).read_bytes() == content
    assert not list(folder.glob(".*"))


def test_the_list_shows_date_addressee_and_subject_newest_first(mailbox):
    ports, pages = mailbox
    with smtplib.SMTP(HOST, ports["smtp_port"]) as client:
        client.send_message(reminder("Thư thứ nhất"))
        client.send_message(reminder("Thư thứ hai"))
    page = pages.get("/").text
    assert page.index("Thư thứ hai") < page.index("Thư thứ nhất")
    assert "dakkoi@konray.example" in page
    assert "07/11/2024 07:00" in page
    assert "Hộp thư chạy thử: không thư nào ra ngoài." in page
    assert "Dữ liệu giả lập" in page


def test_a_mail_shows_its_text_and_keeps_its_html_in_a_sandbox(mailbox, folder):
    ports, pages = mailbox
    with smtplib.SMTP(HOST, ports["smtp_port"]) as client:
        client.send_message(reminder())
    number = int(newest(folder).stem)
    page = pages.get(f"/mails/{number}")
    assert "Kính gửi: Ủy ban nhân dân xã Đăk Kôi" in page.text
    assert "<script" not in page.text
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in page.text
    html = pages.get(f"/mails/{number}/html")
    assert "<h1>Kính gửi</h1>" in html.text
    policy = html.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert "allow-scripts" not in policy


def test_attachment_and_original_are_downloads_never_pages(mailbox, folder):
    ports, pages = mailbox
    with smtplib.SMTP(HOST, ports["smtp_port"]) as client:
        client.send_message(reminder())
    number = int(newest(folder).stem)
    assert "thời hạn.ics" in pages.get(f"/mails/{number}").text
    attachment = pages.get(f"/mails/{number}/attachments/1")
    original = pages.get(f"/mails/{number}/raw")
    assert attachment.content.startswith(b"BEGIN:VCALENDAR")
    assert original.content == newest(folder).read_bytes()
    for response in (attachment, original):
        assert response.headers["Content-Type"] == "application/octet-stream"
        assert response.headers["Content-Disposition"].startswith("attachment;")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no header at all",
        b"Subject: =?utf-8?q?=ff=fe?=\r\nTo: <<<@@,;\r\nDate: yesterday\r\n\r\nbody",
        b"Date: Thu, 99 Nov 2024 99:99:99 +9999\r\n\r\n",
        b"Content-Type: text/plain; charset=no-such\r\n\r\n\xff\xfe\x00",
        b'Content-Type: text/html; charset="\x00"\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!=',
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Disposition: inline; filename*=a'b'%FF\r\n",
        b"Content-Type: multipart/mixed\r\n\r\n--never--",
        b"Subject: " + b"x" * 900 + b"\r\nFrom: \xff\xfe\r\n\r\n" + b"y" * 900,
        b"Content-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\ninner",
    ],
)
def test_a_malformed_mail_is_kept_and_shown_as_far_as_it_can_be(mailbox, folder, content):
    ports, pages = mailbox
    send_raw(ports["smtp_port"], content)
    number = int(newest(folder).stem)
    for path in ("/", f"/mails/{number}", f"/mails/{number}/html", f"/mails/{number}/raw"):
        assert pages.get(path).status_code == 200, path


def test_a_line_longer_than_smtp_allows_is_refused_and_the_next_mail_is_taken(mailbox, folder):
    before = newest(folder)
    with pytest.raises(smtplib.SMTPDataError, match="Line too long"):
        send_raw(mailbox[0]["smtp_port"], b"Subject: " + b"x" * 5000 + b"\r\n\r\n")
    assert newest(folder) == before
    send_raw(mailbox[0]["smtp_port"], b"Subject: next\r\n\r\n")
    assert newest(folder) != before


@pytest.mark.parametrize("path", ["/", "/style.css", "/mails/999999"])
def test_every_answer_bears_the_security_headers(mailbox, path):
    headers = mailbox[1].get(path).headers
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"


def test_only_get_is_answered_and_only_under_its_own_name(mailbox):
    _, pages = mailbox
    assert pages.post("/").status_code == 405
    assert pages.delete("/mails/1").status_code == 405
    assert pages.get("/", headers={"Host": "page.example"}).status_code == 400


def test_an_unknown_mail_is_not_found(mailbox):
    _, pages = mailbox
    assert pages.get("/mails/999999").status_code == 404
    assert pages.get("/mails/999999/raw").status_code == 404
    assert pages.get("/mails/../x").status_code == 404


def test_the_pages_are_ready_once_the_ports_are_known(mailbox):
    assert mailbox_ready(mailbox[0]["http_port"])


def test_a_restart_goes_on_after_the_mails_that_lie_there_and_pages_are_turned(tmp_path):
    for number in range(1, 206):
        (tmp_path / f"{number:04}.eml").write_bytes(f"Subject: Thư số {number}.\r\n\r\n".encode())
    with running(tmp_path) as (ports, pages):
        send_raw(ports["smtp_port"], b"Subject: moi\r\n\r\n")
        assert (tmp_path / "0206.eml").exists()
        first = pages.get("/").text
        assert "Thư số 7." in first
        assert "Thư số 6." not in first
        assert 'href="/?before=7"' in first
        assert "Thư số 6." in pages.get("/?before=7").text
        assert "Dữ liệu giả lập" not in first


def test_a_port_that_is_taken_is_named(mailbox, tmp_path):
    port = str(mailbox[0]["http_port"])
    command = [sys.executable, "-m", "cli.mailbox", "--folder", str(tmp_path), "--http-port", port]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert f"cannot listen on port {port}" in ended.stderr
    assert "Traceback" not in ended.stderr
