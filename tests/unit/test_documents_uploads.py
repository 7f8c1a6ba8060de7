import io
import struct
import time
import unicodedata
import zipfile
import zlib

import docx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook
from openpyxl.chart import BarChart

from documents.refusals import SENTENCES
from documents.uploads import LARGEST, LONGEST_NAME, FileKind, UploadRefusal, UploadRefusedError, inspect, safe_name

OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
EXTERNAL = '<Relationship Id="rId99" Type="{kind}" Target="https://example.vn/x" TargetMode="External"/>'


def word():
    document = docx.Document()
    document.add_paragraph("Báo cáo năm 2024")
    content = io.BytesIO()
    document.save(content)
    return content.getvalue()


def sheet(*, chart=False):
    book = Workbook()
    book.active["A1"] = "Biểu số liệu"
    if chart:
        book.active.add_chart(BarChart(), "C3")
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def packed(content, *, add=(), change=None):
    """Return the package with parts added, and each part's bytes changed by `change(name, bytes)`."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as target:
        for entry in source.infolist():
            part = source.read(entry)
            target.writestr(entry.filename, change(entry.filename, part) if change else part)
        for name, part in add:
            target.writestr(name, part)
    return made.getvalue()


def related(kind, *, content=None, external=True):
    """Return a document with one more relationship of this kind."""
    relation = EXTERNAL.format(kind=kind)
    if not external:
        relation = relation.replace(' TargetMode="External"', "")

    def change(name, part):
        if name != "word/_rels/document.xml.rels":
            return part
        return part.replace(b"</Relationships>", relation.encode() + b"</Relationships>")

    return packed(content or WORD, change=change)


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def jpeg(*, end=b"\xff\xd9"):
    """A picture with a thumbnail in its head: the thumbnail's end is not the picture's."""
    thumbnail = b"Exif\0\0" + b"\xff\xd8\xff\xda\0\2ab\xff\xd9"
    head = b"\xff\xd8" + b"\xff\xe1" + struct.pack(">H", len(thumbnail) + 2) + thumbnail
    return head + b"\xff\xda" + struct.pack(">H", 2) + b"picture" + end


def pdf(extra=b""):
    return b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog " + extra + b" >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n"


WORD, SHEET = word(), sheet()
PNG = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", b"\0" * 13) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")
WEBP = b"RIFF" + struct.pack("<I", 12) + b"WEBPVP8 " + b"\0" * 4
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600


def refusal(content, name):
    with pytest.raises(UploadRefusedError) as refused:
        inspect(content, name=name)
    assert str(refused.value) == SENTENCES[refused.value.reason]
    return refused.value.reason


@pytest.mark.parametrize(
    ("content", "name", "kind"),
    [
        (pdf(), "Báo cáo số 15.pdf", FileKind.PDF),
        (pdf(), "BAOCAO.PDF", FileKind.PDF),  # from a scanner
        (pdf(b"/AcroForm << /JSON (x) >>"), "a.pdf", FileKind.PDF),  # begins like JavaScript and is none
        (WORD, "Báo cáo.docx", FileKind.DOCX),
        (SHEET, "Biểu.xlsx", FileKind.XLSX),
        (sheet(chart=True), "Biểu.xlsx", FileKind.XLSX),
        (related(f"{OFFICE}/hyperlink"), "a.docx", FileKind.DOCX),  # a link needs a click
        (packed(WORD, add=[("word/embeddings/Bieu.xlsx", SHEET)]), "a.docx", FileKind.DOCX),  # behind a chart
        (packed(SHEET, add=[("xl/printerSettings/printerSettings1.bin", b"\0" * 99)]), "a.xlsx", FileKind.XLSX),
        (packed(WORD, add=[("word/media/anh.jpeg", b"\0" * 2_000_000)]), "a.docx", FileKind.DOCX),
        (PNG, "Ảnh.png", FileKind.PNG),
        (jpeg(), "Ảnh.jpg", FileKind.JPEG),
        (jpeg(end=b"\xff\xd9" + b"phone's own trailer" * 9), "Ảnh.JPEG", FileKind.JPEG),
        (WEBP, "zalo.webp", FileKind.WEBP),
    ],
)
def test_what_offices_send_is_taken(content, name, kind):
    assert inspect(content, name=name) is kind


@pytest.mark.parametrize(
    ("content", "name", "reason"),
    [
        (b"", "a.pdf", UploadRefusal.EMPTY),
        # Names that lie.
        (WORD, "a.xlsx", UploadRefusal.WRONG_ENDING),
        (PNG, "a.pdf", UploadRefusal.WRONG_ENDING),
        (pdf(), "a.pdf.exe", UploadRefusal.WRONG_ENDING),
        (pdf(), "a", UploadRefusal.WRONG_ENDING),
        (pdf(), "a\u202efdp.exe", UploadRefusal.WRONG_ENDING),  # shown as "aexe.pdf"
        # Nothing that can be kept.
        (b"MZ" + b"\0" * 99, "a.pdf", UploadRefusal.UNKNOWN_TYPE),
        (b"<html><script>", "a.pdf", UploadRefusal.UNKNOWN_TYPE),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "a.png", UploadRefusal.UNKNOWN_TYPE),
        (b"RIFF\x04\0\0\0WAVE", "a.webp", UploadRefusal.UNKNOWN_TYPE),
        (
            b"PK\x05\x06" + b"\0" * 18,
            "a.docx",
            UploadRefusal.UNKNOWN_TYPE,
        ),
        (OLE, "a.doc", UploadRefusal.OLD_FORMAT),
        (OLE + "EncryptedPackage".encode("utf-16-le"), "a.docx", UploadRefusal.ENCRYPTED),
        # Cut off on the way.
        (pdf()[:-8], "a.pdf", UploadRefusal.BROKEN),
        (WORD[:-200], "a.docx", UploadRefusal.BROKEN),
        (PNG[:-12], "a.png", UploadRefusal.BROKEN),
        (PNG[:20], "a.png", UploadRefusal.BROKEN),
        (jpeg(end=b""), "a.jpg", UploadRefusal.BROKEN),
        (WEBP[:-2], "a.webp", UploadRefusal.BROKEN),
        # A PDF that could run, its name hidden or not.
        (pdf(b"/OpenAction << /S /JavaScript /JS (app.alert) >>"), "a.pdf", UploadRefusal.SCRIPTS),
        (pdf(b"/AA << /S /#4Aava#53cript >>"), "a.pdf", UploadRefusal.SCRIPTS),
        (pdf(b"/S /Rendition /JS 12 0 R"), "a.pdf", UploadRefusal.SCRIPTS),
        (pdf(b"/S/Launch/F(cmd.exe)"), "a.pdf", UploadRefusal.SCRIPTS),
        (pdf(b"/Type /EmbeddedFile"), "a.pdf", UploadRefusal.SCRIPTS),
        (pdf(b"/Names << /EmbeddedFiles 3 0 R >>"), "a.pdf", UploadRefusal.SCRIPTS),
    ],
)
def test_what_is_no_honest_file_is_refused(content, name, reason):
    assert refusal(content, name) is reason


def test_a_file_over_the_limit_is_refused():
    assert refusal(pdf() + b"\0" * LARGEST, "a.pdf") is UploadRefusal.TOO_LARGE


@pytest.mark.parametrize(
    ("name", "part", "reason"),
    [
        ("word/vbaProject.bin", b"x", UploadRefusal.MACROS),
        ("word/VBAProject.BIN", b"x", UploadRefusal.MACROS),
        ("xl/macrosheets/sheet1.xml", b"<x/>", UploadRefusal.MACROS),  # macros of Excel 4
        ("word/activeX/activeX1.xml", b"<x/>", UploadRefusal.EMBEDDED),
        ("word/embeddings/oleObject1.bin", OLE, UploadRefusal.EMBEDDED),
        ("word/embeddings/Bang.xlsm", b"x", UploadRefusal.EMBEDDED),
        ("word/embeddings/a.docx", packed(WORD, add=[("word/vbaProject.bin", b"x")]), UploadRefusal.MACROS),
        # A box in a box in a box.
        (
            "word/embeddings/a.docx",
            packed(WORD, add=[("word/embeddings/b.docx", WORD)]),
            UploadRefusal.EMBEDDED,
        ),
        ("xl/externalLinks/externalLink1.xml", b"<x/>", UploadRefusal.EXTERNAL),
        ("xl/connections.xml", b"<x/>", UploadRefusal.EXTERNAL),
        ("../../etc/cron.d/x", b"x", UploadRefusal.BROKEN),
        ("/etc/passwd", b"x", UploadRefusal.BROKEN),
        ("C:\\Windows\\x.dll", b"x", UploadRefusal.BROKEN),
        ("WORD/document.xml", b"<x/>", UploadRefusal.BROKEN),  # two parts of one name: which one would Word read?
        ("word/x.xml", b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha">]><x/>', UploadRefusal.BROKEN),
        ("word/x.xml", "<!DOCTYPE x>".encode("utf-16"), UploadRefusal.BROKEN),
        # Across the border of two chunks.
        ("word/x.xml", b" " * (64 * 1024 - 4) + b"<!DOCTYPE x><x/>", UploadRefusal.BROKEN),
        ("word/_rels/x.xml.rels", b"<Relationships", UploadRefusal.BROKEN),
        ("word/_rels/x.xml.rels", b"<!DOCTYPE x><Relationships/>", UploadRefusal.BROKEN),
        ("word/_rels/x.xml.rels", b" " * 3_000_000, UploadRefusal.BOMB),
    ],
)
def test_a_document_with_such_a_part_is_refused(name, part, reason):
    assert refusal(packed(WORD, add=[(name, part)]), "a.docx") is reason


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ('<Override PartName="/word/x.bin" ContentType="application/xml"/>', UploadRefusal.BROKEN),
        ('<Default Extension="bin" ContentType="application/vnd.x+xml"/>', UploadRefusal.BROKEN),
        ('<Default Extension="svg" ContentType="image/svg+xml"/>', None),
    ],
)
def test_what_is_declared_as_xml_is_named_so(entry, reason):
    def declared(name, part):
        return part.replace(b"</Types>", f"{entry}</Types>".encode()) if name == "[Content_Types].xml" else part

    content = packed(WORD, change=declared)
    assert content != WORD
    if reason is None:
        assert inspect(content, name="a.docx") is FileKind.DOCX
    else:
        assert refusal(content, "a.docx") is reason


@pytest.mark.parametrize(
    ("kind", "external", "reason"),
    [
        ("attachedTemplate", True, UploadRefusal.EXTERNAL),  # fetched when the document is opened
        ("image", True, UploadRefusal.EXTERNAL),  # tells its owner who reads it
        ("oleObject", False, UploadRefusal.EMBEDDED),  # wherever its part may lie
        ("control", False, UploadRefusal.EMBEDDED),
        ("aFChunk", False, UploadRefusal.EMBEDDED),  # a piece of HTML
        ("package", False, UploadRefusal.EMBEDDED),  # outside the folder whose files are looked into
        ("externalLink", False, UploadRefusal.EXTERNAL),  # a program by DDE, under any name
        ("connections", False, UploadRefusal.EXTERNAL),
        ("xlMacrosheet", False, UploadRefusal.MACROS),
    ],
)
def test_a_document_that_needs_something_else_is_refused(kind, external, reason):
    assert refusal(related(f"{OFFICE}/{kind}", external=external), "a.docx") is reason


@pytest.mark.parametrize(
    "kind",
    [
        "application/vnd.ms-word.document.macroEnabled.main+xml",
        "application/vnd.ms-office.vbaProject",
        "application/vnd.ms-excel.macrosheet+xml",
        "application/vnd.ms-excel.&#109;acrosheet+xml",  # as XML readers read it
    ],
)
def test_a_document_that_calls_itself_one_with_macros_is_refused(kind):
    def change(_, part):
        return part.replace(b"</Types>", f'<Default Extension="q" ContentType="{kind}"/></Types>'.encode())

    assert refusal(packed(WORD, change=change), "a.docx") is UploadRefusal.MACROS


def test_a_bomb_small_on_disk_is_refused_before_it_is_unpacked():
    bomb = packed(WORD, add=[("word/media/a.bin", b"\0" * 60_000_000)])
    assert len(bomb) < 150_000
    begun = time.monotonic()
    assert refusal(bomb, "a.docx") is UploadRefusal.BOMB
    assert time.monotonic() - begun < 5


def test_a_bomb_that_lies_about_its_size_is_refused():
    bomb = packed(WORD, add=[("word/media/a.bin", b"\0" * 60_000_000)])
    lying = bomb.replace(struct.pack("<I", 60_000_000), struct.pack("<I", 60))
    assert refusal(lying, "a.docx") in {UploadRefusal.BOMB, UploadRefusal.BROKEN}


def test_many_small_bombs_are_one():
    assert refusal(packed(WORD, add=[(f"word/media/{n}", b"\0" * 3_000_000) for n in range(20)]), "a.docx") is (
        UploadRefusal.BOMB
    )


def test_a_bomb_in_an_embedded_package_is_paid_from_the_same_budget():
    inner = packed(SHEET, add=[("xl/media/a.bin", b"\0" * 60_000_000)])
    assert refusal(packed(WORD, add=[("word/embeddings/a.xlsx", inner)]), "a.docx") is UploadRefusal.BOMB


def test_more_parts_than_a_report_has_are_refused():
    assert refusal(packed(WORD, add=[(f"word/media/{n}", b"x") for n in range(2_100)]), "a.docx") is UploadRefusal.BOMB


def test_parts_with_a_password_are_refused():
    flagged = bytearray(WORD)
    flagged[WORD.rindex(b"PK\x01\x02") + 8] |= 1
    assert refusal(bytes(flagged), "a.docx") is UploadRefusal.ENCRYPTED


def test_a_part_whose_checksum_is_wrong_is_refused():
    at = WORD.index(b"word/document.xml") + 60
    broken = WORD[:at] + bytes([WORD[at] ^ 0xFF]) + WORD[at + 1 :]
    assert refusal(broken, "a.docx") is UploadRefusal.BROKEN


@pytest.mark.parametrize("content", [WORD[:60], b"PK\x03\x04"], ids=["cut short", "only a signature"])
def test_a_package_without_its_list_is_refused(content):
    assert refusal(content, "a.docx") is UploadRefusal.BROKEN


def test_an_archive_that_is_no_document_is_refused():
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("bao-cao.txt", "Báo cáo")
    assert refusal(content.getvalue(), "a.docx") is UploadRefusal.UNKNOWN_TYPE


def test_every_reason_has_one_sentence():
    assert SENTENCES.keys() == set(UploadRefusal)
    assert all(len(sentence) <= 120 for sentence in SENTENCES.values())


def test_every_kind_has_a_media_type():
    assert all("/" in kind.media_type for kind in FileKind)


@given(content=st.binary(max_size=300), start=st.sampled_from([b"", b"%PDF-", PNG[:8], b"\xff\xd8\xff", b"PK\x03\x04"]))
def test_any_bytes_are_taken_or_refused(content, start):
    try:
        inspect(start + content, name="a.jpg")
    except UploadRefusedError as refused:
        assert refused.reason in UploadRefusal  # noqa: PT017


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("Báo cáo số 15.pdf", "Báo cáo số 15.pdf"),
        (unicodedata.normalize("NFD", "Đăk Kôi.pdf"), "Đăk Kôi.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\A\\bao cao.docx", "bao cao.docx"),  # some browsers send the path
        ("a\r\nSet-Cookie: x=1.pdf", "a Set-Cookie_ x=1.pdf"),
        ('a"; filename="b.exe', "a_; filename=_b.exe"),
        ("hoadon\u202efdp.exe", "hoadonfdp.exe"),  # no longer shown as "hoadonexe.pdf"
        ("a\u200b\u00ad.pdf", "a.pdf"),
        ("  nhiều   khoảng trắng .pdf ", "nhiều khoảng trắng.pdf"),
        ("", "tep"),
        ("...", "tep"),
        (".htaccess", "htaccess"),
        ("a" * 300 + ".pdf", "a" * (LONGEST_NAME - 4) + ".pdf"),
        ("a\x00.pdf", "a.pdf"),
    ],
)
def test_a_name_is_made_safe(name, safe):
    assert safe_name(name) == safe


@given(name=st.text())
def test_a_safe_name_is_short_seen_and_stays_as_it_is(name):
    safe = safe_name(name)
    assert 0 < len(safe) <= LONGEST_NAME
    assert not set(safe) & set('/\\"\r\n\0\u202e')
    assert safe_name(safe) == safe
