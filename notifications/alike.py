"""Mails that differ only in whose they are get their words once: a duty goes to all communes of a district.

The mail is rendered for nobody, with marks in place of the names, the address and the page of its reader; the marks are
then filled in. What the templates decide by these (several units, the office's own report) is never rendered so.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import TypeVar

from markupsafe import escape

from notifications.content import Changed, Item, Morning, Rendered

#: As many kinds of mails as a morning has at once, a few times over; each holds some tens of kilobytes.
_KEPT = 200
#: Characters of nobody's language (Unicode's private use area).
_DISPLAY, _ADDRESS, _UNIT, _UNIT_SHORT, _URL = map(chr, range(0xF0000, 0xF0005))

Mail = TypeVar("Mail", Morning, Changed)


def rendered(mail: Mail, render: Callable[[Mail], Rendered]) -> Rendered:
    """Return the words of the mail, the same as `render(mail)` would."""
    units = {(item.unit_name, item.unit_short) for item in mail.items}
    of_office = isinstance(mail, Morning) and (mail.late_lists or mail.overview)
    if len(units) != 1 or len(mail.links) > 1 or of_office or any(map(_own_office, mail.items)):
        return render(mail)
    ((name, short),) = units
    url = mail.links[0].url if mail.links else ""
    names = {
        _DISPLAY: mail.reader.display, _ADDRESS: mail.reader.address, _UNIT: name, _UNIT_SHORT: short, _URL: url,
    }  # fmt: skip
    pattern = _pattern(render, _nobodys(mail))
    return Rendered(
        subject=_filled(pattern.subject, names),
        text=_filled(pattern.text, names),
        html=_filled(pattern.html, {mark: str(escape(value)) for mark, value in names.items()}),
    )


@lru_cache(maxsize=_KEPT)
def _pattern(render: Callable[[Mail], Rendered], mail: Mail) -> Rendered:
    return render(mail)


def _nobodys(mail: Mail) -> Mail:
    return replace(
        mail,
        reader=replace(mail.reader, display=_DISPLAY, address=_ADDRESS),
        items=tuple(
            replace(item, key="", notice_keys=(), unit_name=_UNIT, unit_short=_UNIT_SHORT) for item in mail.items
        ),
        links=tuple(replace(link, url=_URL, unit_name=_UNIT if link.unit_name else "") for link in mail.links),
    )


def _own_office(item: Item) -> bool:
    """An office that owes itself a report is spoken to differently."""
    return item.unit_name in (item.collector_name, item.recipient_name)


def _filled(words: str, names: Mapping[str, str]) -> str:
    for mark, name in names.items():
        words = words.replace(mark, name)
    return words
