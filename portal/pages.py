"""How a page gets its words and its looks: templates, two languages, and headers that keep a browser safe.

Vietnamese stands in the templates themselves; `locale/en.po` has the English of each sentence.
"""

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import Response

from documents import words as document_words
from notifications import dates, why
from notifications.content import Language
from portal import words
from portal.gate import Visit
from rules.moments import local, local_date

_FOLDER = Path(__file__).parent
_FILTERS: dict[str, Callable[..., object]] = {
    "short": dates.short_day,
    "long": dates.long_day,
    "clock": dates.clock,
    "count": dates.count,
    "until": why.until,
    "why": why.why,
    "deadline": why.moment,
}


def page(visit: Visit, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """Render a page for this visitor; every template knows the visit, and `once` for its forms."""
    environment = _environment(visit.language)
    html = environment.get_template(template).render(
        visit=visit,
        language=visit.language,
        simulated=visit.world.simulated,
        trial=visit.world.letterhead.trial,
        today=local_date(visit.now),
        **values,
    )
    return HTMLResponse(html, status_code=status)


def see(path: str) -> Response:
    """Send the browser on to a page of ours after a form, so that reloading it repeats nothing."""
    return RedirectResponse(path, status_code=303)


def said(visit: Visit, text: str) -> str:
    """Return a Vietnamese sentence in the visitor's language."""
    return _gettext(visit.language)(text)


@cache
def _environment(language: Language) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER / "templates"),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    translate = _gettext(language)
    environment.install_gettext_callables(  # type: ignore[attr-defined]
        translate, lambda one, many, number: translate(one if number == 1 else many), newstyle=True
    )
    environment.filters.update({name: partial(shown, language=language) for name, shown in _FILTERS.items()})
    environment.filters["local"] = local
    environment.filters["day"] = local_date
    environment.filters["said"] = translate
    environment.globals.update(words=words, document_words=document_words)
    return environment


@cache
def _gettext(language: Language) -> Callable[[str], str]:
    """Return the translation of a Vietnamese sentence; one that is missing stays Vietnamese (a test finds it)."""
    if language is Language.VI:
        return str
    catalog = english()
    return lambda text: _translated(catalog, text)


@cache
def english() -> Catalog:
    with (_FOLDER / "locale" / "en.po").open("rb") as file:
        return read_po(file, locale="en")


def _translated(catalog: Catalog, text: str) -> str:
    found = catalog.get(text)
    return str(found.string) if found is not None and found.string else text
