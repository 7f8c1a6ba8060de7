"""The demo's people use the real pages: follow a mail's link, fill in a form that the page shows, send it.

Only what the page offers can be sent: its hidden fields, its values, its buttons. No script runs on the pages, so
reading the HTML is all that a browser would do.
"""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Self
from urllib.parse import urljoin

import httpx

from rules.errors import DondocError

_TIMEOUT_SECONDS = 60.0


class PageError(DondocError):
    """A page of the demo did not offer what was looked for."""


@dataclass(kw_only=True)
class Form:
    """One form of a page: where it goes, and the values that its fields have."""

    action: str
    values: dict[str, str] = field(default_factory=dict)


class _Forms(HTMLParser):
    """Collects the forms of a page with what their fields hold."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._text_of: str | None = None
        self._open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a form's beginning, and the value of each of its fields."""
        given = {name: value or "" for name, value in attrs}
        if tag == "form" and given.get("method", "").lower() == "post":
            self._open = True
            self.forms.append(Form(action=given.get("action", "")))
        elif self._open and tag == "input" and given.get("type") not in ("checkbox", "radio", "file", "submit"):
            self._keep(given.get("name"), given.get("value", ""))
        elif self._open and tag == "textarea":
            self._text_of = given.get("name")
            self._keep(self._text_of, "")

    def handle_data(self, data: str) -> None:
        """A textarea's value stands between its tags."""
        if self._text_of and self.forms:
            self.forms[-1].values[self._text_of] += data

    def handle_endtag(self, tag: str) -> None:
        """Note where a field or a form ends."""
        if tag == "textarea":
            self._text_of = None
        elif tag == "form":
            self._open = False

    def _keep(self, name: str | None, value: str) -> None:
        if name:
            self.forms[-1].values[name] = value


class Browser:
    """One person's browser: its own cookies, the page it shows, and forms sent only as the page has them."""

    def __init__(self, origin: str) -> None:
        self._origin = origin
        self._http = httpx.Client(
            base_url=origin,
            follow_redirects=True,
            timeout=_TIMEOUT_SECONDS,
            trust_env=False,
            headers={"Origin": origin},
        )
        self.page = httpx.Response(204)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def open(self, address: str) -> str:
        """Open an address of the pages; returns the page's text."""
        self.page = self._http.get(address)
        return self._checked()

    def send(self, to: str, /, **typed: str) -> str:
        """Send the form of the present page whose address ends with `to`; returns the page that follows."""
        form = self.form(to)
        self.page = self._http.post(urljoin(str(self.page.url), form.action), data=form.values | typed)
        return self._checked()

    def form(self, to: str) -> Form:
        """Return the form that goes to an address with this end."""
        reader = _Forms()
        reader.feed(self.page.text)
        found = [form for form in reader.forms if form.action.endswith(to)]
        if not found:
            raise PageError(f"{self.page.url.path} has no form that goes to …{to}")
        return found[0]

    def _checked(self) -> str:
        if self.page.is_error:
            raise PageError(f"{self.page.request.method} {self.page.url.path} answered {self.page.status_code}")
        return self.page.text
