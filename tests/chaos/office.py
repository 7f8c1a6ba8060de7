"""A mail server of its own that keeps every mail it takes: `python -m tests.chaos.office FOLDER` prints its port."""

import asyncio
import sys
from pathlib import Path

from aiosmtpd.smtp import SMTP


class Office:
    """Writes each mail to a file of its own, numbered in the order of arrival, before it answers."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._taken = folder, 0

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802
        self._taken += 1
        (self._folder / f"{self._taken:07}.eml").write_bytes(envelope.original_content)
        return "250 taken"


async def serve(folder: Path) -> None:
    office = Office(folder)
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(office, hostname="mail.konray.example"), "127.0.0.1", 0
    )
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
