"""Where a run meets the world: settings, database, calendar, clock and mail server, read once per task or request."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache

from sqlalchemy import Engine

from models.database import make_engine, reading
from notifications.mailer import MailServer, Security, SmtpMailer
from plans.calendar_file import load_calendar
from rules.errors import DondocError
from rules.moments import local_date
from rules.workdays import WorkingCalendar
from services.installation import moment, require
from services.letters import Letterhead
from settings import Settings


class NoMailServerError(DondocError):
    """DONDOC_SMTP_HOST is not set: nothing can be sent. Set it, or try with `dondoc up --trial`."""


@dataclass(frozen=True, kw_only=True)
class Edge:
    """The world as one task finds it."""

    settings: Settings
    engine: Engine
    calendar: WorkingCalendar
    now: datetime

    @property
    def today(self) -> date:
        return local_date(self.now)


def enter(as_of: date | None) -> Edge:
    """Read settings and clock; refuse a database that was never made and a date that is not possible."""
    settings = Settings.read()
    engine = ready_engine(settings.database)
    with reading(engine) as session:
        now = moment(session, as_of=as_of, real_now=datetime.now(UTC))
    return Edge(settings=settings, engine=engine, calendar=load_calendar(settings.calendar_file), now=now)


@lru_cache
def ready_engine(url: str) -> Engine:
    """Open a database once per process: the check of its version reads all migrations."""
    engine = make_engine(url)
    require(engine)
    return engine


def day_of(as_of: date | None) -> date:
    """Return the day that counts, for the name of a run."""
    return enter(as_of).today


def letterhead(settings: Settings) -> Letterhead:
    """Return what the administrator set about outgoing mail."""
    return Letterhead(
        from_address=settings.mail_from,
        reply_to=settings.mail_reply_to,
        contact_title=settings.mail_contact_title,
        phone=settings.mail_contact_phone,
        public_url=settings.public_url,
        trial=settings.trial,
    )


def mailer(settings: Settings) -> SmtpMailer:
    """Return the mail server's client, not yet connected; without a host delivery stops with a clear message."""
    if not settings.smtp_host:
        raise NoMailServerError
    return SmtpMailer(
        MailServer(
            host=settings.smtp_host,
            port=settings.smtp_port,
            security=Security(settings.smtp_security),
            username=settings.smtp_user or None,
            password=settings.smtp_password.get_secret_value() or None,
            timeout=settings.smtp_timeout,
            ca_file=settings.smtp_ca_file or None,
        )
    )
