"""What mails need: the office's letterhead, its mail server, and where returned mails lie. A sweep needs none of it."""

from notifications.imap import ImapFolder
from notifications.mailer import SmtpMailer
from notifications.smtp import MailServer, Security
from rules.errors import DondocError
from services.letters import Letterhead
from settings import Settings


class NoMailServerError(DondocError):
    """DONDOC_SMTP_HOST is not set: nothing can be sent. Set it, or try with `dondoc up --trial`."""


class NoReturnedMailsError(DondocError):
    """DONDOC_IMAP_HOST is not set: there is no mailbox of returned mails to read; it can also be piped here."""


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


def returned_mails(settings: Settings) -> ImapFolder:
    """Return the mailbox in which returned mails arrive, not yet opened."""
    if not settings.imap_host:
        raise NoReturnedMailsError
    server = MailServer(
        host=settings.imap_host,
        port=settings.imap_port,
        security=Security(settings.imap_security),
        username=settings.imap_user or None,
        password=settings.imap_password.get_secret_value() or None,
        ca_file=settings.imap_ca_file or None,
    )
    return ImapFolder(server, settings.imap_folder)
