"""Which items does a plan's text consist of? Their ids are how an officer counts them.

`V.4-3` is the third bullet of clause 4 of section V, `III.3.e` point e of clause 3 of section III, `II-1` the first
bullet of a section without clauses, `III.1.a-2` the second bullet of a point, `V.KET` the closing paragraph of a
section. A line that begins with `+` details the bullet above it and belongs to it. The text before the first item and
everything from "Nơi nhận" on is no part of the outline.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum

from plans.normal import plain


class Level(IntEnum):
    """An item lies below the nearest one before it of a lesser level. `1.1.` is a clause one level below `1.`."""

    SECTION = 0
    CLAUSE = 1
    POINT = 10
    BULLET = 20


@dataclass(frozen=True, kw_only=True)
class Item:
    """One item with its whole text. `heading` says that it only names what the items below it are about."""

    id: str
    text: str
    line: int
    heading: bool = False


# Sections are II. or, in texts that a machine put into lower case, Ii. A point can stand behind a dash: "- a)".
_MARKERS = (
    (Level.SECTION, re.compile(r"([IVX][IVXivx]*)\.\s")),
    (Level.CLAUSE, re.compile(r"(\d{1,2}(?:\.\d{1,2})*)\.\s")),
    (Level.POINT, re.compile(r"(?:[-–•]\s*)?([a-zđ])\)")),
    (Level.BULLET, re.compile(r"([-–—•])\s")),
)
_PAGE_MARK = re.compile(r"-+ trang \d+ -+|\d{1,3}")
_AFTERWORD = re.compile(r"Nơi nhận|TM\. |KT\. |TL\. |TUQ\. |PHỤ LỤC")
_SENTENCE_END = re.compile(r"[.;:!?][\"”’)]*$")


@dataclass
class _Draft:
    """An item that is being read, paragraph by paragraph, each with its line."""

    id: str
    level: int
    paragraphs: list[tuple[int, str]]
    bullets: int = 0
    has_items: bool = False

    def add(self, line: int, text: str, *, after_gap: bool) -> None:
        """Add a line: to the last paragraph if that was only cut, by the page or by the margin; else as a new one.

        A sentence that goes on behind a page break goes on with a lower-case letter.
        """
        begun, last = self.paragraphs[-1]
        if text[0].islower() or text.startswith("+ ") or not (after_gap or _SENTENCE_END.search(last)):
            self.paragraphs[-1] = (begun, f"{last} {text}")
        else:
            self.paragraphs.append((line, text))

    def cut_closing(self) -> list[tuple[int, str]]:
        """Take out and return the paragraphs that follow the item's own: they close the section.

        A clause that is only a name ("2. Sở Tài chính") has its text in the paragraph below.
        """
        only_name = Level.CLAUSE <= self.level < Level.POINT and not self.paragraphs[0][1].endswith((".", ";"))
        own = 2 if only_name else 1
        closing, self.paragraphs = self.paragraphs[own:], self.paragraphs[:own]
        return closing

    def item(self) -> Item:
        heading = self.has_items and self.level < Level.POINT and len(self.paragraphs) == 1
        text = " ".join(paragraph for _, paragraph in self.paragraphs)
        return Item(id=self.id, text=text, line=self.paragraphs[0][0], heading=heading)


@dataclass
class _Reader:
    """The items read so far, and those that the next one may lie below."""

    drafts: list[_Draft] = field(default_factory=list)
    above: list[_Draft] = field(default_factory=list)

    def begin(self, level: Level, mark: str, line: int, text: str) -> None:
        """Begin an item; a bullet or point outside of every item belongs to the preamble and is left out."""
        depth = level + mark.count(".")
        self.above = [draft for draft in self.above if draft.level < depth]
        if level >= Level.POINT and not self.above:
            return
        if level is Level.SECTION:
            self.close_section()
        for draft in self.above[-1:]:
            draft.has_items = True
        draft = _Draft(self._id(level, mark), depth, [(line, text)])
        self.drafts.append(draft)
        self.above.append(draft)

    def _id(self, level: Level, mark: str) -> str:
        if level is Level.SECTION:
            return mark.upper()
        if level is Level.BULLET:
            self.above[-1].bullets += 1
            return f"{self.above[-1].id}-{self.above[-1].bullets}"
        # 1.1. already names the clause it lies below.
        over = [draft for draft in self.above if level is Level.POINT or draft.level == Level.SECTION]
        return f"{over[-1].id}.{mark}" if over else mark

    def close_section(self) -> None:
        """Make the paragraphs behind the last item of a section an item of their own."""
        if not self.drafts or self.drafts[-1].level == Level.SECTION:
            return
        last = self.drafts[-1]
        closing = last.cut_closing()
        if closing:
            section = [draft.id for draft in self.drafts if draft.level == Level.SECTION][-1:]
            self.drafts.append(_Draft(".".join([*section, "KET"]), Level.BULLET, closing))


def outline(text: str) -> list[Item]:
    """Return the items of a plan's plain text, in its order."""
    reader, gap = _Reader(), False
    for line, words in _lines(text):
        if not words:
            gap = True
            continue
        if reader.drafts and _AFTERWORD.match(words):
            break
        marker = _marker(words)
        if marker:
            reader.begin(*marker[:2], line, marker[2])
        elif reader.drafts:
            reader.drafts[-1].add(line, words, after_gap=gap)
        gap = False
    reader.close_section()
    return [draft.item() for draft in reader.drafts]


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines with their numbers, but for page numbers: these stand inside of sentences."""
    for number, line in enumerate(text.split("\n"), start=1):
        words = plain(line)
        if not _PAGE_MARK.fullmatch(words):
            yield number, words


def _marker(words: str) -> tuple[Level, str, str] | None:
    """Return the level, the mark and the words behind it, if a line begins an item."""
    for level, pattern in _MARKERS:
        found = pattern.match(words)
        if found and found.end() < len(words):
            return level, found.group(1), words[found.end() :].strip()
    return None
