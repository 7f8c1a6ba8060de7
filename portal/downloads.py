"""How a file leaves: as a download only, never shown by a browser as a page of ours, under a name it can keep."""

from urllib.parse import quote

from starlette.responses import Response

from documents.uploads import safe_name

_HEADERS = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox"}


def download(content: bytes, name: str) -> Response:
    """Return bytes as an attachment, its name as RFC 5987 writes it, and a plain one for old programs."""
    kept = safe_name(name)
    plain = kept if kept.isascii() else f"tep.{kept.rpartition('.')[2]}"
    disposition = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(kept, safe='')}"
    headers = {**_HEADERS, "Content-Disposition": disposition}
    return Response(content, media_type="application/octet-stream", headers=headers)
