"""Links and sessions: what a unit's mail carries, a sign-in mail, and the staff session it is exchanged for."""

from datetime import datetime
from enum import StrEnum

from sqlmodel import Field, SQLModel

from models.columns import stored


class LinkKind(StrEnum):
    """A unit's link serves until it ends; a sign-in link once; a staff session is the cookie it gave."""

    UNIT = "unit"
    SIGN_IN = "sign-in"
    STAFF = "staff"


class AccessLink(SQLModel, table=True):
    """A secret that was given out: only its digest (SHA-256, hex) is kept; for a contact, or for a member of staff."""

    id: int | None = Field(default=None, primary_key=True)
    digest: str = Field(unique=True)
    kind: LinkKind = Field(sa_type=stored(LinkKind))
    contact_id: int | None = Field(default=None, foreign_key="contact.id", index=True)
    staff_id: int | None = Field(default=None, foreign_key="staff.id", index=True)
    message_id: int | None = Field(default=None, foreign_key="message.id")
    made_at: datetime
    ends_at: datetime
    used_at: datetime | None = None
    revoked_at: datetime | None = None
