"""Files: the Excel form down and up, the Word draft, evidence that is what it says; downloads only, own ones only."""

import io
import resource
from urllib.parse import unquote

import httpx
import pytest
from docx import Document
from openpyxl import load_workbook
from sqlmodel import select

from models import StoredFile
from models.database import reading, writing
from services.files import FilesFolderError, NoSuchFileError, _write, file_of_office, keep_file
from tests.integration.cast import DAK_KOI, DAK_PNE, OFFICE, everything, number_of
from tests.integration.portal_cast import UnitDesk, pressing

PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\n%%EOF\n"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pytest.fixture
def desk(sqlite, tmp_path):
    return UnitDesk.opened(sqlite, tmp_path / "files")


@pytest.fixture
def browser(desk):
    return desk.browser(DAK_KOI)


@pytest.fixture
def task(desk):
    return f"/don-vi/nhiem-vu/{number_of(desk.engine, DAK_KOI)}"


def files(desk):
    with reading(desk.engine) as session:
        return list(session.exec(select(StoredFile).order_by(StoredFile.id)))


def attach_button(task):
    return {"formaction": f"{task}/tep"}


def attach(browser, task, name, content, **typed):
    page = browser.get(f"{task}/bao-cao")
    return browser.send(page, "/bao-cao", button=attach_button(task), file=(name, content, "x/y"), **typed)


def filled(browser, task, **cells):
    """Return the downloaded form with these cells ("Hoạt động!F7") filled in."""
    answer = browser.client.get(f"{task}/bieu-mau.xlsx")
    assert answer.status_code == 200
    book = load_workbook(io.BytesIO(answer.content))
    for cell, value in cells.items():
        sheet, _, place = cell.partition("!")
        book[sheet][place] = value
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def send_form(browser, task, content, name="bieu.xlsx"):
    return browser.send(browser.get(f"{task}/bao-cao"), "/bieu-mau", file=(name, content, XLSX))


def test_the_excel_form_comes_back_into_the_draft(browser, task):
    cells = {"Thuyết minh!B3": "Đã làm", "Hoạt động!E2": "Nói chuyện", "Hoạt động!G2": 120, "Kinh phí!B2": 5_000_000}
    page = send_form(browser, task, filled(browser, task, **cells))
    assert page.status == 200
    assert "Đã đọc biểu Excel vào bản nháp." in page.text
    kept = page.form("/bao-cao").fields
    assert kept["results"] == "Đã làm"
    assert kept["activities-0-topic"] == "Nói chuyện"
    assert kept["activities-0-attendees"] == "120"
    assert kept["money-subproject-planned"] == "5000000"
    again = load_workbook(io.BytesIO(browser.client.get(f"{task}/bieu-mau.xlsx").content))
    assert again["Hoạt động"]["E2"].value == "Nói chuyện"


def test_a_bad_cell_is_named_and_the_rest_is_kept(browser, task):
    cells = {"Hoạt động!E7": "Nói chuyện", "Hoạt động!F7": "nhiều", "Hoạt động!G7": -5, "Thuyết minh!B3": "Đã làm"}
    page = send_form(browser, task, filled(browser, task, **cells))
    assert page.status == 422
    assert "Hoạt động!F7 : “nhiều” chưa phải là số nguyên" in page.text
    assert "Hoạt động!G7 : “-5” là số âm" in page.text
    kept = page.form("/bao-cao").fields
    assert (kept["results"], kept["activities-5-sessions"]) == ("Đã làm", "nhiều")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(PDF, "Tệp không phải biểu số liệu"), (b"", "Tệp không phải biểu số liệu"), (b"PK\x03\x04zip", "Tệp")],
)
def test_what_is_no_form_of_ours_is_refused_and_changes_nothing(desk, browser, task, content, sentence):
    before = everything(desk.engine)
    page = send_form(browser, task, content)
    assert page.status == 422
    assert sentence in page.text
    assert "loi-sheet" in page.ids
    assert everything(desk.engine) == before


def test_a_form_without_a_file_says_what_is_missing(browser, task):
    page = browser.send(browser.get(f"{task}/bao-cao"), "/bieu-mau")
    assert page.status == 422
    assert "Còn ô bắt buộc chưa ghi." in page.text


def test_what_was_entered_comes_back_in_word(browser, task):
    typed = {"results": "Đã tổ chức 12 buổi.", "reporter": "A", "position": "B"}
    for action in ("save", "hand-in"):
        browser.send(browser.get(f"{task}/bao-cao"), "/bao-cao", button=pressing(action), **typed)
        answer = browser.client.get(f"{task}/bao-cao.docx")
        assert answer.status_code == 200
        name = unquote(answer.headers["content-disposition"].partition("filename*=UTF-8''")[2])
        assert name == "Dự thảo - Báo cáo năm 2024 - Ủy ban nhân dân xã Đăk Kôi.docx"
        text = "\n".join(paragraph.text for paragraph in Document(io.BytesIO(answer.content)).paragraphs)
        assert "Đã tổ chức 12 buổi." in text


def test_no_word_draft_is_made_of_a_document_that_came_by_other_ways(browser, task):
    browser.send(browser.get(task), "/van-ban", number="45/BC-UBND", dated="2024-10-23")
    assert browser.get(f"{task}/bao-cao.docx").status == 404


def test_evidence_is_attached_downloaded_and_taken_out_again(desk, browser, task):
    page = attach(browser, task, "Ảnh thôn 4.pdf", PDF, results="đang viết")
    assert "Đã đính kèm tệp và lưu bản nháp." in page.text
    assert page.form("/bao-cao").fields["results"] == "đang viết"
    (file,) = files(desk)
    answer = browser.client.get(f"/don-vi/tep/{file.id}")
    assert answer.content == PDF
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert unquote(answer.headers["content-disposition"]).endswith("UTF-8''Ảnh thôn 4.pdf")
    (button,) = [b for b in page.form("/bao-cao").buttons if b.get("formaction", "").endswith("/bo")]
    gone = browser.send(page, "/bao-cao", button=button, results="viết tiếp")
    assert "Đã bỏ tệp và lưu bản nháp." in gone.text
    assert gone.form("/bao-cao").fields["results"] == "viết tiếp"
    assert browser.get(f"/don-vi/tep/{file.id}").status == 404


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        # A page that calls itself a picture.
        ("anh.png", b"<html><script>alert(1)</script></html>", "Không nhận loại tệp này"),
        ("anh.png", PDF, "Phần mở rộng của tên tệp không đúng với nội dung"),
        ("bao-cao.pdf", b"%PDF-1.4\n1 0 obj", "bị hỏng hoặc chưa tải lên đủ"),
        ("bao-cao.pdf", b"", "Tệp không có nội dung"),
        ("bao-cao.exe", b"MZ\x90\x00", "Không nhận loại tệp này"),
    ],
)
def test_an_upload_that_lies_is_refused_and_what_was_typed_is_kept(desk, browser, task, name, content, sentence):
    page = attach(browser, task, name, content, results="đang viết")
    assert page.status == 422
    assert sentence in page.text
    assert "loi-file" in page.ids
    assert page.form("/bao-cao").fields["results"] == "đang viết"
    assert files(desk) == []


def test_a_file_that_is_too_large_is_refused(desk, browser, task):
    page = browser.get(f"{task}/bao-cao")
    large = ("a.pdf", PDF + b"x" * (22 * 1024 * 1024), "application/pdf")
    answer = browser.client.post(
        f"{task}/tep",
        data=page.form("/bao-cao").fields,
        files={"file": large},
        headers={"Origin": desk.world.public_url},
    )
    assert answer.status_code == 413
    assert files(desk) == []


def test_a_file_that_does_not_say_how_large_it_is_is_counted_as_it_comes(desk, browser, task):
    form = browser.get(f"{task}/bao-cao").form("/bao-cao").fields
    large = ("a.pdf", PDF + b"x" * (22 * 1024 * 1024), "application/pdf")
    whole = httpx.Request("POST", desk.world.public_url, data=form, files={"file": large})
    answer = browser.client.post(
        f"{task}/tep",
        content=iter([whole.read()]),
        headers={"Origin": desk.world.public_url, "Content-Type": whole.headers["content-type"]},
    )
    assert "content-length" not in answer.request.headers
    assert answer.status_code == 413
    assert files(desk) == []


def test_a_file_chosen_beside_any_button_is_taken_along(desk, browser, task):
    page = browser.get(f"{task}/bao-cao")
    typed = {"results": "Xong", "reporter": "A", "position": "B"}
    done = browser.send(page, "/bao-cao", button=pressing("hand-in"), file=("a.pdf", PDF, "x/y"), **typed)
    assert "a.pdf" in done.text
    (file,) = files(desk)
    assert file.submission_id is not None
    assert browser.client.get(f"/don-vi/tep/{file.id}").content == PDF


def test_what_was_handed_in_cannot_be_taken_out(desk, browser, task):
    page = attach(browser, task, "a.pdf", PDF)
    typed = {"results": "Xong", "reporter": "A", "position": "B"}
    browser.send(page, "/bao-cao", button=pressing("hand-in"), **typed)
    before = everything(desk.engine)
    form = page.form("/bao-cao").fields
    guard = {name: form[name] for name in ("key", "once")}
    assert browser.post(f"{task}/tep/{files(desk)[0].id}/bo", guard).status == 409
    assert everything(desk.engine) == before


def test_another_units_files_do_not_exist(desk, browser, task):
    attach(browser, task, "a.pdf", PDF)
    (file,) = files(desk)
    other = desk.browser(DAK_PNE)
    assert other.get(f"/don-vi/tep/{file.id}").status == 404
    mine = f"/don-vi/nhiem-vu/{number_of(desk.engine, DAK_PNE)}"
    form = other.get("/don-vi").form("/thoat").fields
    assert other.post(f"{mine}/tep/{file.id}/bo", form).status == 404
    assert browser.get(f"/don-vi/tep/{file.id}").status == 200


def test_the_office_has_a_file_only_once_it_was_handed_in(desk, browser, task):
    page = attach(browser, task, "a.pdf", PDF)
    (file,) = files(desk)
    with reading(desk.engine) as session, pytest.raises(NoSuchFileError):
        file_of_office(session, [1], file.id)
    typed = {"results": "Xong", "reporter": "A", "position": "B"}
    browser.send(page, "/bao-cao", button=pressing("hand-in"), **typed)
    with reading(desk.engine) as session:
        assert file_of_office(session, [1], file.id).name == "a.pdf"
        with pytest.raises(NoSuchFileError):
            file_of_office(session, [2], file.id)


def test_an_outline_is_for_those_who_have_the_duty(desk, browser, task):
    with writing(desk.engine) as session:
        outline = keep_file(
            session, desk.world.files_folder, content=PDF, name="Đề cương.pdf", actor="test", now=desk.world.now(),
            plan_id=1, duty_key="V.4-3.a",
        )  # fmt: skip
    assert "Đề cương.pdf" in browser.get(task).text
    assert browser.client.get(f"/don-vi/tep/{outline.id}").content == PDF
    assert desk.browser(OFFICE).get(f"/don-vi/tep/{outline.id}").status == 404


def test_attaching_nothing_says_so(browser, task):
    page = browser.get(f"{task}/bao-cao")
    answer = browser.send(page, "/bao-cao", button=attach_button(task), results="đang viết")
    assert answer.status == 422
    assert answer.form("/bao-cao").fields["results"] == "đang viết"


def test_a_file_for_which_there_is_no_room_leaves_nothing_behind(tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(FilesFolderError, match="files cannot be written: File too large"):
            _write(tmp_path / "files" / "a", b"x" * 2000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list((tmp_path / "files").iterdir()) == []


def test_a_folder_of_files_that_cannot_be_written_is_said_in_plain_words(desk, browser, task):
    desk.world.files_folder.write_bytes(b"")  # a file where the folder should be
    page = attach(browser, task, "a.pdf", PDF, results="Đã làm")
    assert page.status == 503
    assert "việc vừa chọn chưa được ghi nhận" in page.text
    assert files(desk) == []
