"""The application: every page, what each refusal looks like, and the headers that go with all of it."""

from pathlib import Path

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import PlainTextResponse
from starlette.exceptions import HTTPException
from starlette.responses import Response

from portal import entry, office, unit
from portal.body_limit import BodyLimit
from portal.headers import Guarded
from portal.refusals import refuse
from portal.world import World
from rules.errors import DondocError


def make_app(world: World) -> FastAPI:
    """Return the pages over this world. The OpenAPI description is made for tests; it is not served."""
    app = FastAPI(
        title="dondoc",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        # A redirect to an address without its final slash would be made of the request's own Host header.
        redirect_slashes=False,
        # It would write down addresses, which can hold a secret, and the messages of faults.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.world = world
    app.get("/suc-khoe", response_class=PlainTextResponse)(_health)
    app.get("/kieu.css", response_class=Response)(_style)
    for router in (entry.router, unit.router, office.router):
        app.include_router(router)
    app.add_middleware(BodyLimit)
    app.add_middleware(Guarded, secure=world.secure)
    for kind in (DondocError, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, refuse)
    return app


def _health() -> str:
    """Tell a supervisor that the program answers; the database is asked by `dondoc doctor`."""
    return "ok"


def _style() -> Response:
    headers = {"Cache-Control": "public, max-age=3600"}
    return Response(
        (Path(__file__).parent / "static" / "kieu.css").read_bytes(), media_type="text/css", headers=headers
    )
