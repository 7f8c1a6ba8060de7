"""What lies inside a Word or Excel file, and is it harmless? Every part is unpacked within bounds, none is trusted.

The sizes in a ZIP archive's headers can lie, so that bytes are counted as they come. What runs, what is fetched from
elsewhere and what hides a file in the file is refused; a hyperlink, which needs a click, is not.
"""

import io
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from xml.etree.ElementTree import Element

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from documents.refusals import UploadRefusal, UploadRefusedError

# A report with photographs has some hundred parts and hardly shrinks; a bomb shrinks a thousand times.
_MOST_PARTS = 2_000
_LARGEST_UNPACKED = 200 * 1024 * 1024  # bytes of all parts
_ALWAYS_ALLOWED = 10 * 1024 * 1024  # bytes: a small file of long repetitions is no bomb
_STEEPEST = 100  # unpacked to packed
_LARGEST_LIST = 2 * 1024 * 1024  # bytes of a list of parts or of relationships
_CHUNK = 64 * 1024
_DEEPEST = 1  # a chart carries its own workbook; a workbook in that one is a hiding place

_CONTENT_TYPES = "[content_types].xml"
_FIRST_BYTES = b"PK\x03\x04"
_ENTRY = b"PK\x01\x02"
_ENCRYPTED_FLAG = 0x1
_PLAIN_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_XML_ENDINGS = (".xml", ".rels", ".vml")
#: Drawing programs do write a document type; office programs show such a picture without reading it.
_PICTURE = ".svg"
#: OOXML has no document types; with them come entities, and with those the billion laughs. In any encoding.
_DOCTYPES = tuple(
    mark.encode(encoding) for mark in ("<!DOCTYPE", "<!ENTITY") for encoding in ("ascii", "utf-16-le", "utf-16-be")
)
_OVERLAP = max(map(len, _DOCTYPES)) - 1
_BAD_XML = (ParseError, DefusedXmlException, ValueError)
#: What `zipfile` raises on archives that are cut off, forged or packed in ways that it does not know.
_BAD_ZIP = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, RuntimeError, ValueError)

#: Parts by a piece of their name, in lower case, and why they are not taken.
_BAD_PARTS = {
    "vbaproject": UploadRefusal.MACROS,
    "vbadata": UploadRefusal.MACROS,
    "xl/macrosheets/": UploadRefusal.MACROS,
    "activex/": UploadRefusal.EMBEDDED,
    "xl/externallinks/": UploadRefusal.EXTERNAL,
    "xl/connections.xml": UploadRefusal.EXTERNAL,
}
_BAD_TYPES = {
    "macroenabled": UploadRefusal.MACROS,
    "vbaproject": UploadRefusal.MACROS,
    "macrosheet": UploadRefusal.MACROS,
    "activex": UploadRefusal.EMBEDDED,
    "externallink+xml": UploadRefusal.EXTERNAL,
    "connections+xml": UploadRefusal.EXTERNAL,
}
#: Relationships by the last word of their type: an OLE object, an ActiveX control, a piece of HTML or RTF, macros of
#: Excel 4, another workbook or a program (DDE). By them a part is found, whatever its name says.
_BAD_RELATIONS = {
    "oleobject": UploadRefusal.EMBEDDED,
    "control": UploadRefusal.EMBEDDED,
    "afchunk": UploadRefusal.EMBEDDED,
    "vbaproject": UploadRefusal.MACROS,
    "xlmacrosheet": UploadRefusal.MACROS,
    "xlintlmacrosheet": UploadRefusal.MACROS,
    "externallink": UploadRefusal.EXTERNAL,
    "connections": UploadRefusal.EXTERNAL,
}
_EMBEDDINGS = "/embeddings/"


class PackageKind(StrEnum):
    """What a package is, by its main part."""

    DOCX = "word/document.xml"
    XLSX = "xl/workbook.xml"
    PPTX = "ppt/presentation.xml"


@dataclass(kw_only=True)
class _Budget:
    """How many bytes may still come out of what was sent, packages in the package included."""

    left: int

    def spend(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            raise UploadRefusedError(UploadRefusal.BOMB)


def is_package(content: bytes) -> bool:
    return content.startswith(_FIRST_BYTES)


def inspect_package(content: bytes, *, most: int = _LARGEST_UNPACKED) -> PackageKind:
    """Return what the package is, or raise UploadRefusedError; `most` bytes may come out of it."""
    allowed = min(most, max(_ALWAYS_ALLOWED, _STEEPEST * len(content)))
    return _inspect(content, _Budget(left=allowed), depth=0)


def _inspect(content: bytes, budget: _Budget, *, depth: int) -> PackageKind:
    # Counted before `zipfile` builds an object for each.
    if content.count(_ENTRY) > _MOST_PARTS:
        raise UploadRefusedError(UploadRefusal.BOMB)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            _check_names(entries)
            kind = _kind_of(entries)
            for entry in entries:
                _check_part(archive, entry, budget, depth)
    except _BAD_ZIP as error:
        raise UploadRefusedError(UploadRefusal.BROKEN) from error
    return kind


def _check_names(entries: Sequence[zipfile.ZipInfo]) -> None:
    names = [entry.orig_filename.lower() for entry in entries]
    if len(set(names)) < len(names) or any(_leads_out(name) for name in names):
        raise UploadRefusedError(UploadRefusal.BROKEN)
    if any(entry.flag_bits & _ENCRYPTED_FLAG for entry in entries):
        raise UploadRefusedError(UploadRefusal.ENCRYPTED)
    if any(entry.compress_type not in _PLAIN_METHODS for entry in entries):
        raise UploadRefusedError(UploadRefusal.BROKEN)


def _leads_out(name: str) -> bool:
    """Whether a part's name could mean a place outside its package."""
    return name.startswith("/") or ".." in name.split("/") or any(letter in name for letter in "\\:\0")


def _kind_of(entries: Sequence[zipfile.ZipInfo]) -> PackageKind:
    names = {entry.filename.lower() for entry in entries}
    kind = next((kind for kind in PackageKind if kind in names), None)
    if kind is None or _CONTENT_TYPES not in names:
        raise UploadRefusedError(UploadRefusal.UNKNOWN_TYPE)
    return kind


def _check_part(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, budget: _Budget, depth: int) -> None:
    name = entry.filename.lower()
    _refuse_known(_BAD_PARTS, name)
    chunks = _unpacked(archive, entry, budget)
    if name == _CONTENT_TYPES:
        _check_types(_whole(chunks))
    elif name.endswith(".rels"):
        _check_relations(_whole(chunks))
    elif _EMBEDDINGS in name and not entry.is_dir():
        _check_embedded(b"".join(chunks), budget, depth)
    else:
        _check_plain(chunks, is_xml=name.endswith(_XML_ENDINGS))


def _unpacked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, budget: _Budget) -> Iterator[bytes]:
    """Yield the part's bytes, each paid for; at its end `zipfile` compares the checksum."""
    with archive.open(entry) as part:
        while chunk := part.read(_CHUNK):
            budget.spend(len(chunk))
            yield chunk


def _whole(chunks: Iterator[bytes]) -> bytes:
    """Return a list of parts or relationships; no honest one is large."""
    found = b""
    for chunk in chunks:
        found += chunk
        if len(found) > _LARGEST_LIST:
            raise UploadRefusedError(UploadRefusal.BOMB)
    return found


def _check_plain(chunks: Iterator[bytes], *, is_xml: bool) -> None:
    """Read a part to its end; in XML, a document type is looked for across the borders of chunks too."""
    before = b""
    for chunk in chunks:
        if is_xml and any(mark in before + chunk for mark in _DOCTYPES):
            raise UploadRefusedError(UploadRefusal.BROKEN)
        before = chunk[-_OVERLAP:]


def _check_types(content: bytes) -> None:
    """Look at the types as a reader understands them: in the bytes a letter can hide as `&#109;`."""
    for entry in _entries(content):
        kind = entry.get("ContentType", "").lower()
        _refuse_known(_BAD_TYPES, kind)
        named = entry.get("PartName") or f".{entry.get('Extension', '')}"
        if kind.endswith("xml") and not named.lower().endswith((*_XML_ENDINGS, _PICTURE)):
            raise UploadRefusedError(UploadRefusal.BROKEN)  # its document type would not be looked for


def _check_relations(content: bytes) -> None:
    for relation in _entries(content):
        kind = relation.get("Type", "").rpartition("/")[2].lower()
        if kind in _BAD_RELATIONS:
            raise UploadRefusedError(_BAD_RELATIONS[kind])
        # Elsewhere an embedded file would not be looked into.
        if kind == "package" and _EMBEDDINGS not in relation.get("Target", "").lower():
            raise UploadRefusedError(UploadRefusal.EMBEDDED)
        if relation.get("TargetMode", "").lower() == "external" and kind != "hyperlink":
            raise UploadRefusedError(UploadRefusal.EXTERNAL)


def _entries(content: bytes) -> list[Element]:
    """Return the entries of a list of parts or of relationships."""
    try:
        return list(fromstring(content, forbid_dtd=True))
    except _BAD_XML as error:
        raise UploadRefusedError(UploadRefusal.BROKEN) from error


def _check_embedded(content: bytes, budget: _Budget, depth: int) -> None:
    """Allow the workbook behind a chart, if it is as harmless as the rest; nothing else may be embedded."""
    if depth >= _DEEPEST or not is_package(content):
        raise UploadRefusedError(UploadRefusal.EMBEDDED)
    _inspect(content, budget, depth=depth + 1)


def _refuse_known(reasons: dict[str, UploadRefusal], text: str) -> None:
    for piece, reason in reasons.items():
        if piece in text:
            raise UploadRefusedError(reason)
