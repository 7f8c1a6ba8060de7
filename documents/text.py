"""Which characters can stand in a document? Those that XML allows, composed, with plain line ends."""

import re
import unicodedata

#: What XML 1.0 cannot hold at all, even escaped: a single one would make Word and Excel refuse the whole file.
_IMPOSSIBLE = re.compile("[\x00-\x08\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
#: A return, and the breaks of lines and pages that come with text copied from Word.
_LINE_END = re.compile("\r\n?|\x0b|\x0c")
#: No word is longer. Composing sorts the marks on a letter in quadratic time: a page of nothing else would take hours.
_PIECES = re.compile(r"\s+|\S{1,200}")


def printable(text: str) -> str:
    """Return the text without what no document can hold, its accents composed (NFC), its lines ended by LF."""
    possible = _IMPOSSIBLE.sub("", _LINE_END.sub("\n", text))
    return "".join(unicodedata.normalize("NFC", piece) for piece in _PIECES.findall(possible))
