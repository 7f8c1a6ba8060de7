"""What mails need: the office's letterhead and its mail server. Apart from the entry, for a sweep sends none."""

from notifications.mailer import SmtpMailer
from notifications.smtp import MailServer, Security
from rules.errors import DondocError
from services.letters import Letterhead
from settings import Settings


class NoMailServerError(DondocError):
    """DONDOC_SMTP_HOST is not set: nothing can be sent. Set it, or try with `dondoc up --trial`."""


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
            connections=settings.smtp_connections,
            ca_file=settings.smtp_ca_file or None,
        )
    )
