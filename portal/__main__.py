"""The pages as a program of their own: `python -m portal --port N`, on the loopback interface, behind any proxy."""

import argparse
import asyncio
import gc
import logging
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

import anyio.to_thread
import uvicorn
from fastapi import FastAPI

from edge.entry import ready_engine
from edge.mail import letterhead, mailer
from models import Mode
from models.database import reading
from notifications.mailer import Mailer
from portal.app import make_app
from portal.postman import Postman
from portal.rates import Rates
from portal.world import World
from rules.errors import DondocError
from services.installation import current
from settings import Settings

HOST = "127.0.0.1"
#: How many pages are made at once. One interpreter makes one at a time: more would only hinder each other (the 95th
#: percentile of `python -m bench workbench` is three times as long with the framework's forty); a few more than one,
#: so that an office's long page holds up nobody's short one.
_AT_ONCE = 4
_PLAYED = 1000


class NoPublicUrlError(DondocError):
    """DONDOC_PUBLIC_URL is not set: links and forms need the address under which units reach the pages."""


class PortTakenError(DondocError):
    """The pages cannot listen on their port."""


def make_world(settings: Settings) -> World:
    """Return what the pages stand on; without an address of their own no form could be told from a forged one."""
    if not settings.public_url:
        raise NoPublicUrlError
    engine = ready_engine(settings.database)
    with reading(engine) as session:
        simulated = current(session).mode is Mode.REHEARSAL
    return World(
        engine=engine,
        letterhead=letterhead(settings),
        files_folder=settings.files_folder,
        public_url=settings.public_url,
        simulated=simulated,
        # A played year sends in minutes what an office sends in a year.
        rates=Rates(scale=_PLAYED if simulated else 1),
        calendar_file=settings.calendar_file,
    )


def with_postman(app: FastAPI, new_mailer: Callable[[], Mailer]) -> FastAPI:
    """Let the pages' mails go out at once, as long as the program runs."""

    @asynccontextmanager
    async def running(served: FastAPI) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = _AT_ONCE
        postman = Postman(served.state.world, new_mailer)
        served.state.world = replace(served.state.world, wake=postman.wake)
        work = asyncio.create_task(postman.run())
        postman.wake()  # what was stored while we were away
        yield
        work.cancel()
        with suppress(asyncio.CancelledError):
            await work

    app.router.lifespan_context = running
    return app


def serve(port: int | None) -> None:
    """Serve until a signal."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    settings = Settings.read()
    app = with_postman(make_app(make_world(settings)), lambda: mailer(settings))
    with listen(port or settings.portal_port) as listening:
        # What was imported stays for good: looking through it again would hold up a page for a tenth of a second.
        gc.collect()
        gc.freeze()
        uvicorn.Server(configured(app)).run(sockets=[listening])


def configured(app: FastAPI) -> uvicorn.Config:
    """Return how the pages are served: only a proxy on this machine says who a visitor is."""
    return uvicorn.Config(
        app,
        access_log=False,  # addresses can hold a secret: the application logs each page's pattern instead
        log_level="warning",
        server_header=False,
        proxy_headers=True,
        forwarded_allow_ips=HOST,
    )


def listen(port: int) -> socket.socket:
    """Return the socket the pages are served on; port 0 is any free one."""
    try:
        listening = socket.create_server((HOST, port))
    except OSError as error:
        raise PortTakenError(
            f"the pages cannot listen on port {port} ({error.strerror}): stop the program that uses it, or set "
            "DONDOC_PORTAL_PORT to another one"
        ) from None
    # asyncio only does this for sockets that it opened itself; without it a page waits 40 ms for a delayed ACK.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def main() -> int:
    """Read the command line; a refusal is one line on standard error."""
    parser = argparse.ArgumentParser(prog="dondoc portal", description="Serve the pages on the loopback interface.")
    parser.add_argument("--port", type=int)
    try:
        serve(parser.parse_args().port)
    except DondocError as refusal:
        sys.stderr.write(f"{refusal}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
