"""The headers that keep a browser safe, a page for every fault, and one line in the log for each answer."""

import logging

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from portal.refusals import refuse

_LOG = logging.getLogger("dondoc.portal")
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    # "no-referrer" would make browsers hide the origin of our own forms, by which we know them.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_STRICT_TRANSPORT = "max-age=31536000"


class Guarded:
    """Middleware that completes every answer, also that to a fault of ours; over HTTPS it asks to stay there."""

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        self._app = app
        self._headers = _HEADERS | ({"Strict-Transport-Security": _STRICT_TRANSPORT} if secure else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and complete the head of its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        begun = False

        async def completed(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                # The route's pattern, never the address: an address can hold a secret.
                place = getattr(scope.get("route"), "path", "(no page)")
                _LOG.info("%s %s %s", scope["method"], place, message["status"], extra={"action": "page"})
            await send(message)

        try:
            await self._app(scope, receive, completed)
        except Exception as fault:
            # Not by an exception handler: the framework would let the fault go on to the server's log, values and all.
            if begun:
                raise
            answer = await refuse(Request(scope, receive), fault)
            await answer(scope, receive, completed)
