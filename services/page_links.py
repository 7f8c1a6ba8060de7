"""The pages that a mail leads to: a fresh link for each unit it speaks to, and the office's own pages without one."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from models import Contact
from notifications.content import PageLink
from services.letters import Letterhead
from services.links import keep_unit_links, new_secret

#: Where the portal takes a unit's link, and where the office's pages begin.
UNIT_ENTRY, SIGN_IN_ENTRY, OFFICE_PAGE = "/l/", "/phong/vao/", "/phong"


@dataclass(frozen=True, kw_only=True)
class Issued:
    """A secret in one mail: known here until the mail is stored, afterwards only to its reader."""

    contact_id: int
    secret: str
    link: PageLink


def issue(contacts: Iterable[tuple[Contact, str]], letterhead: Letterhead) -> tuple[Issued, ...]:
    """Return a fresh link for each contact (with its unit's name); none where no pages are set up."""
    if not letterhead.public_url:
        return ()
    secrets = [(contact, name, new_secret()) for contact, name in contacts]
    return tuple(
        Issued(
            contact_id=contact.id or 0,
            secret=secret,
            link=PageLink(url=letterhead.url(UNIT_ENTRY + secret), unit_name=name),
        )
        for contact, name, secret in secrets
    )


def office_links(letterhead: Letterhead) -> tuple[PageLink, ...]:
    """Return the way to the office's pages: they ask to sign in, so the address holds no secret."""
    return (PageLink(url=letterhead.url(OFFICE_PAGE)),) if letterhead.public_url else ()


def keep(session: Session, issued: Iterable[tuple[Issued, int]], *, now: datetime) -> None:
    """Store what was issued, each with its mail, in the transaction that stores the mails."""
    keep_unit_links(session, [(one.secret, one.contact_id, number) for one, number in issued], now=now)


def without_links(text: str, links: Iterable[PageLink]) -> str:
    """Return a mail's text as it is kept: what it said, without what opens its reader's pages."""
    for link in links:
        text = text.replace(link.url, "[…]")
    return text
