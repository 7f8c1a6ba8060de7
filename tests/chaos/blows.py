"""Where a run can be struck: before and after each statement, each commit, and each mail's way to the mail server."""

import os
import signal
from collections.abc import Callable

from sqlalchemy import Engine, event

from notifications.mailer import SmtpMailer


class Points:
    """Counts the points a run passes and, at the one that was chosen, ends the process as a power cut would."""

    def __init__(self, struck_at: int | None) -> None:
        self.passed, self._struck_at = 0, struck_at

    def pass_one(self, *_: object) -> None:
        self.passed += 1
        if self.passed == self._struck_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def watch(self, engine: Engine) -> None:
        for name in ("before_cursor_execute", "after_cursor_execute", "commit", "rollback"):
            event.listen(engine, name, self.pass_one)

    def mailer(self, make: Callable[[], SmtpMailer]) -> SmtpMailer:
        mailer = make()
        send = mailer.send

        async def watched(**mail: object) -> object:
            self.pass_one()
            outcome = await send(**mail)
            self.pass_one()
            return outcome

        mailer.send = watched
        return mailer
