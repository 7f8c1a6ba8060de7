"""What a page can answer, for its OpenAPI description: every status that may come, and the fields of each form."""

from typing import Annotated, Any

from fastapi import Path

#: A row's number; larger ones than a database can hold are refused before it is asked.
Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
_HTML: dict[str, Any] = {"content": {"text/html": {"schema": {"type": "string"}}}}
_TEXTS = {
    303: "seen or done: go on to another page",
    400: "not a form",
    403: "not allowed, or not a form of these pages",
    404: "no such thing for this visitor",
    409: "not possible in this state",
    410: "the link has ended",
    413: "too large",
    422: "something typed cannot stand",
    429: "too often",
    503: "no mail can be sent",
}
ANSWERS: dict[int | str, dict[str, Any]] = {status: {"description": text, **_HTML} for status, text in _TEXTS.items()}
ANSWERS[413]["content"] = {"text/plain": {"schema": {"type": "string"}}}
del ANSWERS[303]["content"]  # only an address


def form_body(*fields: str, file: str | None = None) -> dict[str, Any]:
    """Return the description of a form with these text fields (and a file)."""
    properties: dict[str, Any] = {name: {"type": "string"} for name in ("key", "once", *fields)}
    if file is not None:
        properties[file] = {"type": "string", "format": "binary"}
    schema = {"type": "object", "properties": properties, "required": ["once"]}
    kind = "multipart/form-data" if file else "application/x-www-form-urlencoded"
    return {"requestBody": {"required": True, "content": {kind: {"schema": schema}}}}
