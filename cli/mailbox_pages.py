"""The pages of the trial mailbox: a list, a mail, its parts. No script, nothing fetched from elsewhere, GET only."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import FastAPI, HTTPException, Query, Request, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.middleware.trustedhost import TrustedHostMiddleware

from cli.mailbox_letters import Mailbox, letter, summary

_PAGE = 200  # mails on one page of the list
_TEMPLATES = Path(__file__).parent / "mailbox_templates"
_PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
# The mail's own HTML: no script, nothing fetched, links open in a tab of their own.
_MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; frame-ancestors 'self'; "
    "sandbox allow-popups allow-popups-to-escape-sandbox"
)
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": _PAGE_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def make_app(mailbox: Mailbox, *, simulated: bool) -> FastAPI:
    """Return the pages; `simulated` adds that the data themselves are invented."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    pages = _Pages(mailbox, simulated=simulated)
    app.get("/")(pages.listing)
    app.get("/style.css")(pages.style)
    app.get("/mails/{number}")(pages.mail)
    app.get("/mails/{number}/html")(pages.html)
    app.get("/mails/{number}/raw")(pages.raw)
    app.get("/mails/{number}/attachments/{index}")(pages.attachment)
    app.middleware("http")(_guarded)
    # A page elsewhere whose name is made to point to 127.0.0.1 must not read the mails.
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])
    return app


class _Pages:
    """What is shown of one mailbox."""

    def __init__(self, mailbox: Mailbox, *, simulated: bool) -> None:
        self._mailbox = mailbox
        self._simulated = simulated
        self._templates = Environment(loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined)

    def listing(self, before: Annotated[int | None, Query(ge=1)] = None) -> Response:
        numbers = [number for number in self._mailbox.numbers() if before is None or number < before]
        shown = numbers[: -_PAGE - 1 : -1]
        mails = [summary(number, self._content(number)) for number in shown]
        return self._page("list.html", mails=mails, older=shown[-1] if len(numbers) > len(shown) else None)

    def style(self) -> Response:
        return Response((_TEMPLATES / "style.css").read_bytes(), media_type="text/css")

    def mail(self, number: int) -> Response:
        return self._page("mail.html", mail=letter(number, self._content(number)))

    def html(self, number: int) -> Response:
        html = letter(number, self._content(number)).html or ""
        headers = {"Content-Security-Policy": _MAIL_POLICY}
        return Response(f'<!doctype html><base target="_blank">{html}', media_type="text/html", headers=headers)

    def raw(self, number: int) -> Response:
        return _download(self._content(number), f"{number:04}.eml")

    def attachment(self, number: int, index: int) -> Response:
        for part in letter(number, self._content(number)).attachments:
            if part.index == index:
                return _download(part.content, part.name)
        raise HTTPException(404, "Không có tệp này.")

    def _content(self, number: int) -> bytes:
        try:
            return self._mailbox.path(number).read_bytes()
        except FileNotFoundError:
            raise HTTPException(404, "Không có thư này.") from None

    def _page(self, template: str, **values: Any) -> Response:
        html = self._templates.get_template(template).render(simulated=self._simulated, **values)
        return Response(html, media_type="text/html")


async def _guarded(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await call_next(request)
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    return response


def _download(content: bytes, name: str) -> Response:
    """Return bytes to be saved, never shown: an attached page must not run on our origin."""
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}"}
    return Response(content, media_type="application/octet-stream", headers=headers)
