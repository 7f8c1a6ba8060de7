"""Who is this? Links that mails carry, sign-in by mail, staff sessions: made, recognised, ended.

A secret is 256 random bits, shown once in a mail or a cookie; only its digest is stored. Recognising one changes
nothing, so that a mail scanner that fetches a link uses nothing up.
"""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import insert, update
from sqlmodel import Session, col, select

from models import AccessLink, Contact, LinkKind, Plan, Staff, Unit
from models.tables import ACCESS_LINK
from rules.access import (
    DRAFT_GRACE,
    SIGN_IN_LIFE,
    STAFF_SESSION_LIFE,
    UNIT_LINK_LIFE,
    Right,
    StaffRole,
    rights_of,
)
from rules.errors import DondocError
from rules.moments import local_date
from services.directory import office_on, on_day, valid_on
from services.journal import done_already, record

_SECRET_BYTES = 32
_LIFE = {LinkKind.UNIT: UNIT_LINK_LIFE, LinkKind.SIGN_IN: SIGN_IN_LIFE, LinkKind.STAFF: STAFF_SESSION_LIFE}


class LinkEnd(StrEnum):
    """Why a link no longer opens anything. `unknown` also covers what was never given out."""

    UNKNOWN = "unknown"
    EXPIRED = "expired"
    USED = "used"
    REVOKED = "revoked"


class DeadLinkError(DondocError):
    """This link no longer opens anything."""

    def __init__(self, end: LinkEnd, contact: Contact | None = None) -> None:
        """Keep why it ended and, for a link that once was good, whose it was."""
        super().__init__()
        self.end, self.contact = end, contact


@dataclass(frozen=True, kw_only=True)
class UnitVisitor:
    """A unit's contact, as its link says. `late`: the link has just ended, and only a draft may still be saved."""

    contact: Contact
    unit: Unit
    link_id: int
    late: bool = False

    @property
    def actor(self) -> str:
        return f"contact:{self.contact.id}"


@dataclass(frozen=True, kw_only=True)
class StaffVisitor:
    """A member of an office's staff; `plans` are those that his office follows up today."""

    staff: Staff
    unit: Unit
    rights: frozenset[Right]
    plans: tuple[Plan, ...]

    @property
    def actor(self) -> str:
        return f"staff:{self.staff.id}"


def new_secret() -> str:
    return secrets.token_urlsafe(_SECRET_BYTES)


def keep_link(
    session: Session,
    secret: str,
    kind: LinkKind,
    *,
    now: datetime,
    contact_id: int | None = None,
    staff_id: int | None = None,
    message_id: int | None = None,
) -> AccessLink:
    """Store the digest of a secret that a mail or a cookie carries."""
    link = AccessLink(
        digest=digest(secret),
        kind=kind,
        contact_id=contact_id,
        staff_id=staff_id,
        message_id=message_id,
        made_at=now,
        ends_at=now + _LIFE[kind],
    )
    session.add(link)
    return link


def keep_unit_links(session: Session, links: Iterable[tuple[str, int, int]], *, now: datetime) -> None:
    """Store the digests of many units' links at once; each comes with its contact and its mail."""
    ends_at = now + _LIFE[LinkKind.UNIT]
    rows = [
        {
            "digest": digest(secret),
            "kind": LinkKind.UNIT,
            "contact_id": contact_id,
            "message_id": message_id,
            "made_at": now,
            "ends_at": ends_at,
        }
        for secret, contact_id, message_id in links
    ]
    if rows:
        session.connection().execute(insert(ACCESS_LINK), rows)


def digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def is_known(session: Session, secret: str) -> bool:
    """Say whether this secret was ever given out, whatever has become of it."""
    return session.exec(select(AccessLink.id).where(AccessLink.digest == digest(secret))).first() is not None


def unit_visitor(session: Session, secret: str, *, now: datetime, grace: bool = False) -> UnitVisitor:
    """Return whose link this is; with `grace` one that ended within the last day still lets a draft be saved."""
    row = session.exec(
        select(AccessLink, Contact, Unit)
        .join(Contact, col(Contact.id) == AccessLink.contact_id)
        .join(Unit, col(Unit.id) == Contact.unit_id)
        .where(AccessLink.digest == digest(secret), AccessLink.kind == LinkKind.UNIT)
    ).one_or_none()
    if row is None:
        raise DeadLinkError(LinkEnd.UNKNOWN)
    link, contact, unit = row
    if not valid_on(contact, local_date(now)) or link.revoked_at is not None:
        raise DeadLinkError(LinkEnd.REVOKED)
    late = now >= link.ends_at
    if late and not (grace and now < link.ends_at + DRAFT_GRACE):
        raise DeadLinkError(LinkEnd.EXPIRED, contact)
    return UnitVisitor(contact=contact, unit=unit, link_id=link.id or 0, late=late)


def sign_in(session: Session, secret: str, *, now: datetime) -> str:
    """Use a sign-in link up and return the secret of the session it gives; of two at once only one succeeds."""
    link = _found(session, secret, LinkKind.SIGN_IN)
    staff = _standing_staff(session, link, now)
    used = session.execute(
        update(AccessLink).where(col(AccessLink.id) == link.id, col(AccessLink.used_at).is_(None)).values(used_at=now)
    )
    if used.rowcount != 1:  # type: ignore[attr-defined]
        raise DeadLinkError(LinkEnd.USED)
    session_secret = new_secret()
    keep_link(session, session_secret, LinkKind.STAFF, now=now, staff_id=staff.id)
    record(session, now=now, actor=f"staff:{staff.id}", action="signed in", subject="portal")
    return session_secret


def usable_sign_in(session: Session, secret: str, *, now: datetime) -> None:
    """Refuse a sign-in link that would not work, without using it up."""
    link = _found(session, secret, LinkKind.SIGN_IN)
    if link.used_at is not None:
        raise DeadLinkError(LinkEnd.USED)
    _standing_staff(session, link, now)


def staff_visitor(session: Session, secret: str, *, now: datetime) -> StaffVisitor:
    """Return who is signed in."""
    staff = _standing_staff(session, _found(session, secret, LinkKind.STAFF), now)
    today = local_date(now)
    plans = [
        plan
        for plan in session.exec(select(Plan).order_by(col(Plan.id)))
        if (office := office_on(session, plan.id or 0, today)) is not None and office.id == staff.unit_id
    ]
    return StaffVisitor(
        staff=staff,
        unit=session.get_one(Unit, staff.unit_id),
        rights=rights_of([StaffRole(role) for role in staff.roles]),
        plans=tuple(plans),
    )


def staff_by_address(session: Session, address: str, *, now: datetime) -> Staff | None:
    """Return the member of staff whose mailbox this is, on this day."""
    return session.exec(
        select(Staff)
        .where(Staff.address == address.strip().casefold(), *on_day(Staff, local_date(now)))
        .order_by(col(Staff.id).desc())
    ).first()


def first_coordinator(session: Session, *, now: datetime) -> Staff | None:
    """Return the first member of staff who sets up the years, on this day."""
    rows = session.exec(select(Staff).where(*on_day(Staff, local_date(now))).order_by(col(Staff.id)))
    return next((row for row in rows if StaffRole.COORDINATOR in row.roles), None)


def sign_out(session: Session, secret: str, *, now: datetime) -> None:
    """End a staff session; one that has ended already stays ended."""
    session.execute(
        update(AccessLink)
        .where(col(AccessLink.digest) == digest(secret), col(AccessLink.revoked_at).is_(None))
        .values(revoked_at=now)
    )


def revoke_links(session: Session, contact_id: int, *, actor: str, now: datetime, once: str | None = None) -> int:
    """End every link that was given to a contact; the next mail carries a fresh one."""
    if done_already(session, once):
        return 0
    ended = session.execute(
        update(AccessLink)
        .where(col(AccessLink.contact_id) == contact_id, col(AccessLink.revoked_at).is_(None))
        .values(revoked_at=now)
    )
    count: int = ended.rowcount  # type: ignore[attr-defined]
    record(
        session, now=now, actor=actor, action="links revoked", subject=f"contact:{contact_id}", once=once, links=count
    )
    return count


def _found(session: Session, secret: str, kind: LinkKind) -> AccessLink:
    link = session.exec(
        select(AccessLink).where(AccessLink.digest == digest(secret), AccessLink.kind == kind)
    ).one_or_none()
    if link is None:
        raise DeadLinkError(LinkEnd.UNKNOWN)
    return link


def _standing_staff(session: Session, link: AccessLink, now: datetime) -> Staff:
    staff = session.get_one(Staff, link.staff_id)
    if link.revoked_at is not None or not valid_on(staff, local_date(now)):
        raise DeadLinkError(LinkEnd.REVOKED)
    if now >= link.ends_at:
        raise DeadLinkError(LinkEnd.EXPIRED)
    return staff
