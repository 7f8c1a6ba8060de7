"""Units, the groups they belong to, and their mailboxes; all dated, because a unit is not its name."""

from datetime import date, datetime

from sqlmodel import Field, SQLModel, UniqueConstraint

from models.columns import stored
from rules.vocabulary import ContactRole


class Unit(SQLModel, table=True):
    """A body that is given duties or receives reports. `subordinate` units are under the issuer's authority.

    `brought_by` is the plan whose files describe it: another plan's file may name it, but not change it.
    """

    id: int | None = Field(default=None, primary_key=True)
    slug: str = Field(unique=True)
    brought_by: str
    name: str
    short_name: str
    kind: str
    subordinate: bool
    valid_from: date | None = None
    valid_to: date | None = None


class UnitGroup(SQLModel, table=True):
    """A named set of units or of other groups; its members are dated rows of `Membership`."""

    id: int | None = Field(default=None, primary_key=True)
    slug: str = Field(unique=True)
    brought_by: str
    name: str


class Membership(SQLModel, table=True):
    """`member` is the slug of a unit or of a group, in the group `group_id`, from day to day inclusive."""

    __table_args__ = (UniqueConstraint("group_id", "member", "valid_from"),)

    id: int | None = Field(default=None, primary_key=True)
    group_id: int = Field(foreign_key="unitgroup.id", index=True)
    member: str
    valid_from: date | None = None
    valid_to: date | None = None


class Contact(SQLModel, table=True):
    """A role mailbox of a unit: its đầu mối or its head.

    `named_here`: named by the unit on its own page (a substitute for some days, a colleague), not by a plan's file.
    `stands_in_for` is the contact whom a substitute replaces between `valid_from` and `valid_to`.
    `unreachable_since`: when a mail first came back from the address, and why; another address is another row.
    """

    __table_args__ = (UniqueConstraint("unit_id", "role", "address", "valid_from"),)

    id: int | None = Field(default=None, primary_key=True)
    unit_id: int = Field(foreign_key="unit.id", index=True)
    role: ContactRole = Field(sa_type=stored(ContactRole))
    address: str
    title: str
    language: str = "vi"
    named_here: bool = False
    stands_in_for: int | None = Field(default=None, foreign_key="contact.id")
    unreachable_since: datetime | None = None
    unreachable_why: str = ""
    valid_from: date | None = None
    valid_to: date | None = None
