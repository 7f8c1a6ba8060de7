"""One spelling for one text: what must be equal before two Vietnamese texts can be compared.

The same letter can be one character or several (NFC, NFD), a plan taken from a PDF breaks its lines anywhere, and the
extraction leaves `*` around italics. None of these is a difference in what a plan says.
"""

import re
import unicodedata

# `*` is the mark of italics, `\-` an escaped hyphen: both come from the extraction, not from the author.
_MARKUP = re.compile(r"\*|\\(?=-)")
# An administrative text ends with "./."; the sign closes the document, not the sentence.
_END_OF_TEXT = re.compile(r"\./\.\s*$")


def one_line(text: str) -> str:
    """Return the text in NFC on one line, its white space (no-break spaces too) collapsed."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def plain(text: str) -> str:
    """Return the bare words and punctuation, so that equal texts are equal strings."""
    return one_line(_END_OF_TEXT.sub(".", _MARKUP.sub("", text)))
