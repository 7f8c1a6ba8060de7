"""How does a mail get its words? One folder per mail: `subject.txt`, `body.txt`, `body.html` lay it out.

The sentences stand in `vi.jinja` and `en.jinja` beside them; those of every mail in `letter/`. Text and HTML have an
environment of their own each, so the same sentence is compiled twice: escaped for HTML, plain for text.
"""

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache, partial
from pathlib import Path

from jinja2 import Environment, FileSystemBytecodeCache, FileSystemLoader, StrictUndefined
from jinja2 import TemplateError as JinjaError
from jinja2.bccache import Bucket

from notifications import dates, naming, why
from notifications.content import Language, Rendered
from rules.errors import DondocError

_FOLDER = Path(__file__).parent
_OPTIONS = 1  # to be raised with every change of the environments' options, for templates are kept compiled
_FILTERS: dict[str, Callable[..., object]] = {
    "short": dates.short_day,
    "long": dates.long_day,
    "clock": dates.clock,
    "count": dates.count,
    "until": why.until,
    "why": why.why,
    "moment": why.moment,
    "previous_moment": why.previous_moment,
    "previous_day": why.previous_day,
    "titled": naming.titled,
    "listed": naming.listed,
    "noun": naming.noun,
    "thing": naming.thing,
    "plan_name": naming.plan_name,
    "matter": naming.matter,
    "product": naming.product,
}


class TemplateFaultyError(DondocError):
    """A mail's template cannot be rendered."""


def render(mail: str, language: Language, context: Mapping[str, object], *, folder: Path = _FOLDER) -> Rendered:
    """Render the mail in `folder/mail`; a variable that is missing is an error, never an empty place."""
    return Rendered(
        subject=one_line(_filled(f"{mail}/subject.txt", language, context, folder)),
        text=_tidy(_filled(f"{mail}/body.txt", language, context, folder)),
        html=_tidy(_filled(f"{mail}/body.html", language, context, folder)),
    )


def one_line(text: str) -> str:
    """Return `text` without line breaks and other white space that could start a new header."""
    return " ".join(text.split())


def _filled(name: str, language: Language, context: Mapping[str, object], folder: Path) -> str:
    environment = _environment(folder, language, html=name.endswith(".html"))
    try:
        return environment.get_template(name).render(context)
    except JinjaError as error:
        raise TemplateFaultyError(f"the mail template {name} cannot be rendered: {error.message}") from error


@cache
def _environment(folder: Path, language: Language, *, html: bool) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(folder),
        undefined=StrictUndefined,
        autoescape=html,  # noqa: S701 - plain text has nothing to escape
        trim_blocks=True,
        lstrip_blocks=True,
        bytecode_cache=_compiled(html=html),
    )
    environment.filters.update({name: partial(words, language=language) for name, words in _FILTERS.items()})
    environment.filters |= {"sentence": _sentence, "short_unit": naming.short_unit, "closed": _closed}
    return environment


class _Compiled(FileSystemBytecodeCache):
    """Keeps the compiled templates for the next process; where there is no room they are compiled each time."""

    def dump_bytecode(self, bucket: Bucket) -> None:
        with suppress(OSError):
            super().dump_bytecode(bucket)


@cache
def _compiled(*, html: bool) -> _Compiled | None:
    """Return the library's folder for this user alone, or None where none can be made.

    The library tells templates apart by their file and its words, not by the options that they are compiled with.
    """
    try:
        return _Compiled(pattern=f"dondoc-{_OPTIONS}-{'html' if html else 'text'}-%s.cache")
    except (OSError, RuntimeError):
        return None


def _sentence(text: str) -> str:
    """Return `text` with a capital first letter, the others as they are."""
    return text[:1].upper() + text[1:]


def _closed(text: str) -> str:
    """Return what a person wrote as one line that ends like a sentence."""
    line = one_line(text)
    return line if line.endswith((".", "!", "?", "…")) else f"{line}."


def _tidy(text: str) -> str:
    """Leave at most one empty line between paragraphs, and no space at the end of a line."""
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t]+\n", "\n", text)).strip() + "\n"
