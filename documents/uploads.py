"""Is this file what it says, and can it be kept? Its bytes decide, and its name must agree.

This is no virus scanner. A PDF is searched as it lies, so that what hides in a compressed stream is not seen: files are
served as downloads only, never opened by the server and never shown inside a page.
"""

import re
import unicodedata
from collections.abc import Callable
from enum import StrEnum

from documents.packages import PackageKind, inspect_package, is_package
from documents.refusals import UploadRefusal, UploadRefusedError

__all__ = ["LARGEST", "FileKind", "UploadRefusal", "UploadRefusedError", "inspect", "safe_name"]

LARGEST = 20 * 1024 * 1024  # bytes of one file: a scan of some forty pages
LONGEST_NAME = 120  # characters; file systems stop at 255 bytes, and Vietnamese takes some 1.3 bytes a letter
_LONGEST_ENDING = 10  # characters, with the dot


class FileKind(StrEnum):
    """What can be kept."""

    PDF = "pdf"
    DOCX = "docx"
    XLSX = "xlsx"
    PNG = "png"
    JPEG = "jpeg"
    WEBP = "webp"

    @property
    def media_type(self) -> str:
        return _MEDIA_TYPES[self]


_OFFICE = "application/vnd.openxmlformats-officedocument"
_MEDIA_TYPES = {
    FileKind.PDF: "application/pdf",
    FileKind.DOCX: f"{_OFFICE}.wordprocessingml.document",
    FileKind.XLSX: f"{_OFFICE}.spreadsheetml.sheet",
    FileKind.PNG: "image/png",
    FileKind.JPEG: "image/jpeg",
    FileKind.WEBP: "image/webp",
}
_ENDINGS = {f".{kind}": kind for kind in FileKind} | {".jpg": FileKind.JPEG}
_PACKAGES = {PackageKind.DOCX: FileKind.DOCX, PackageKind.XLSX: FileKind.XLSX}

_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
#: An Office file with a password is an old container around an encrypted package.
_ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")
_PDF_TAIL = 1024  # bytes: readers look for the end mark in these
_HEX_IN_NAME = re.compile(rb"#([0-9A-Fa-f]{2})")
_ACTIVE_PDF = re.compile(
    rb"/(?:JavaScript|Launch|EmbeddedFiles?|RichMedia)(?![A-Za-z])"
    # Three bytes alone would turn up by chance in every other large scan: words must stand before, a value behind.
    rb"|(?<=[\t\n\r -~]{6})/JS\s*(?:[(<]|\d+\s+\d+\s+R)"
)
_PNG_START, _PNG_END = b"\x89PNG\r\n\x1a\n", b"IEND"
_JPEG_END, _JPEG_SCAN = b"\xff\xd9", b"\xff\xda"

_FOLDERS = re.compile(r"[/\\]")
#: What Windows cannot store; the quotation mark would also end a header's value.
_NOT_IN_NAMES = re.compile(r'[<>:"|?*]')
#: Cc controls, Cf marks that cannot be seen (they can turn "txt.exe" round), Cs surrogates, Co and Cn nobody's letters.
_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_NO_NAME = "tep"


def inspect(content: bytes, *, name: str) -> FileKind:
    """Return what the file is, or raise UploadRefusedError if it cannot be kept."""
    if not content:
        raise UploadRefusedError(UploadRefusal.EMPTY)
    if len(content) > LARGEST:
        raise UploadRefusedError(UploadRefusal.TOO_LARGE)
    kind = _kind_of(content)
    if _ENDINGS.get(_ending(safe_name(name)).lower()) is not kind:
        raise UploadRefusedError(UploadRefusal.WRONG_ENDING)
    return kind


def safe_name(name: str) -> str:
    """Return the name to show and to offer for download: no folders, nothing unseen, of bounded length."""
    last = _FOLDERS.split(unicodedata.normalize("NFC", name))[-1]
    seen = "".join(letter for letter in last if letter.isspace() or unicodedata.category(letter) not in _UNSEEN)
    plain = " ".join(_NOT_IN_NAMES.sub("_", seen).split()).strip(". ")
    ending = _ending(plain)
    stem = plain.removesuffix(ending)[: LONGEST_NAME - len(ending)].rstrip(". ")
    return f"{stem or _NO_NAME}{ending}"


def _ending(name: str) -> str:
    """Return ".pdf" of "Báo cáo.pdf", and of ".pdf" too; what is too long to be an ending is none."""
    dot = name.rfind(".")
    return name[dot:] if dot >= 0 and len(name) - dot <= _LONGEST_ENDING else ""


def _kind_of(content: bytes) -> FileKind:
    """Return what the bytes are, having looked at them to the end."""
    if is_package(content):
        return _package_kind(content)
    if content.startswith(_OLD_OFFICE):
        locked = _ENCRYPTED_PACKAGE in content
        raise UploadRefusedError(UploadRefusal.ENCRYPTED if locked else UploadRefusal.OLD_FORMAT)
    for start, (kind, is_whole) in _BY_START.items():
        if start.match(content):
            if not is_whole(content):
                raise UploadRefusedError(UploadRefusal.BROKEN)
            return kind
    raise UploadRefusedError(UploadRefusal.UNKNOWN_TYPE)


def _package_kind(content: bytes) -> FileKind:
    kind = _PACKAGES.get(inspect_package(content))
    if kind is None:
        raise UploadRefusedError(UploadRefusal.UNKNOWN_TYPE)
    return kind


def _is_whole_pdf(content: bytes) -> bool:
    """Look for the end mark, and refuse what could run; a name can hide its letters as #4A."""
    if _ACTIVE_PDF.search(_HEX_IN_NAME.sub(lambda found: bytes.fromhex(found[1].decode("ascii")), content)):
        raise UploadRefusedError(UploadRefusal.SCRIPTS)
    return b"%%EOF" in content[-_PDF_TAIL:]


def _is_whole_png(content: bytes) -> bool:
    """Walk from chunk to chunk until the last; each tells its length."""
    at = len(_PNG_START)
    while content[at + 4 : at + 8]:
        if content[at + 4 : at + 8] == _PNG_END:
            return at > len(_PNG_START)
        at += 12 + int.from_bytes(content[at : at + 4])
    return False


def _is_whole_jpeg(content: bytes) -> bool:
    """Walk over the segments, a thumbnail's own end among them, to the picture, and look for its end mark there."""
    at = 2
    while content[at : at + 1] == b"\xff":
        if content[at : at + 2] == _JPEG_SCAN:
            return content.find(_JPEG_END, at) > 0
        at += 2 + max(2, int.from_bytes(content[at + 2 : at + 4]))
    return False


def _is_whole_webp(content: bytes) -> bool:
    return int.from_bytes(content[4:8], "little") + 8 <= len(content)


_BY_START: dict[re.Pattern[bytes], tuple[FileKind, Callable[[bytes], bool]]] = {
    re.compile(rb"%PDF-"): (FileKind.PDF, _is_whole_pdf),
    re.compile(_PNG_START): (FileKind.PNG, _is_whole_png),
    re.compile(rb"\xff\xd8\xff"): (FileKind.JPEG, _is_whole_jpeg),
    re.compile(rb"RIFF.{4}WEBP", re.DOTALL): (FileKind.WEBP, _is_whole_webp),
}
