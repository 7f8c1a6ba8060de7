"""What does the immediate mail that answers one act say? What was recorded, what holds now, what is to be done."""

import re

from notifications.content import Note, NoteKind, Rendered
from notifications.morning import letter_context
from notifications.rendering import one_line, render
from rules.moments import local

#: They are about a person, an address or a link, not about one task.
_WITHOUT_TASK = frozenset(
    {NoteKind.SUBSTITUTE_NAMED, NoteKind.FRESH_LINK, NoteKind.SIGN_IN, NoteKind.TEST, NoteKind.UPWARD}
)
#: Their text, a reason, is a part of the sentence; that of the others stands below it as it was written.
_REASONED = frozenset({NoteKind.EXTENSION_REFUSED, NoteKind.ARRIVAL_CORRECTED})
_WORDLESS = frozenset({NoteKind.FRESH_LINK, NoteKind.SIGN_IN, NoteKind.TEST})


def render_note(mail: Note) -> Rendered:
    """Render the receipt, decision, link or letter of this kind; what its note leaves empty is left out."""
    facts = {
        "note": mail,
        "citation": "" if mail.kind in _WITHOUT_TASK else mail.citation,
        "reason": one_line(mail.text) if mail.kind in _REASONED else "",
        "paragraphs": () if mail.kind in _REASONED | _WORDLESS else _paragraphs(mail.text),
        "recorded": local(mail.at) if mail.at else None,
        "ends": local(mail.ends_at) if mail.ends_at else None,
        "office_word": mail.collector_word,
        "to_head": False,
    }
    return render("note", mail.reader.language, letter_context(mail) | facts)


def _paragraphs(text: str) -> tuple[tuple[str, ...], ...]:
    """Return what a person wrote: paragraphs between empty lines, each with its own lines."""
    blocks = re.split(r"\n\s*\n", "\n".join(text.splitlines()))
    paragraphs = (tuple(one_line(line) for line in block.split("\n") if line.strip()) for block in blocks)
    return tuple(lines for lines in paragraphs if lines)
