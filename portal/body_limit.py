"""How much may be sent to us: counted while it arrives, since a header can lie."""

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from documents.uploads import LARGEST

#: A file, and the form around it.
LARGEST_BODY = LARGEST + 1024 * 1024


class TooLargeError(Exception):
    """More came than may come."""


def counted(receive: Receive, largest: int) -> Receive:
    """Return `receive` that raises as soon as more than `largest` bytes have come."""
    arrived = 0

    async def counting() -> Message:
        nonlocal arrived
        message = await receive()
        arrived += len(message.get("body", b""))
        if arrived > largest:
            raise TooLargeError
        return message

    return counting


class BodyLimit:
    """Middleware that answers 413 as soon as a body is known to be too large."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, counting what arrives."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        too_large = announced.isdigit() and int(announced) > LARGEST_BODY
        try:
            if not too_large:
                await self._app(scope, counted(receive, LARGEST_BODY), send)
                return
        except TooLargeError:
            pass
        text = f"Nội dung gửi lên quá lớn; tệp gửi lên không quá {LARGEST // 2**20} MB."
        await PlainTextResponse(text, status_code=413)(scope, receive, send)
