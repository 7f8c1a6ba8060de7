"""The words the whole house shares: natures, roles, states and outcomes, each with its fixed spelling in storage."""

from enum import StrEnum


class Nature(StrEnum):
    """What kind of work a duty asks for (shown as Định kỳ, Một lần, Thường xuyên, Khi phát sinh)."""

    PERIODIC = "periodic"
    ONCE = "once"
    CONTINUOUS = "continuous"
    ON_EVENT = "on-event"


class Role(StrEnum):
    """The part an addressee plays; only `request` is outside the issuer's authority."""

    LEAD = "lead"
    COORDINATE = "coordinate"
    STEER = "steer"
    ADVISE = "advise"
    REQUEST = "request"


class Deliverable(StrEnum):
    """What is handed in, where the text names something."""

    REPORT = "report"
    PLAN = "plan"
    PROPOSAL = "proposal"
    NONE = "none"


class PeriodKind(StrEnum):
    """How often a periodic duty recurs; `once` for a duty done a single time."""

    YEAR = "year"
    HALF_YEAR = "half-year"
    QUARTER = "quarter"
    MONTH = "month"
    ONCE = "once"


class RollPolicy(StrEnum):
    """Where a deadline goes when it falls on a day off."""

    EARLIER = "earlier"
    LATER = "later"
    AS_IS = "as-is"


class ContactRole(StrEnum):
    """Whom a unit's mailbox stands for: đầu mối, thủ trưởng, or a colleague whom single assignments were passed to."""

    CONTACT = "contact"
    HEAD = "head"
    COLLEAGUE = "colleague"


class Audience(StrEnum):
    """To whom a rung speaks. The last two are roles of the labour office, resolved on the date."""

    CONTACT = "contact"
    HEAD = "head"
    OFFICER = "officer"
    OFFICE_HEAD = "office-head"


class AssignmentState(StrEnum):
    """The life of an assignment. Overdue is no state: it is computed."""

    OPEN = "open"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    ACCEPTED = "accepted"
    NOTED = "noted"


class NoticeState(StrEnum):
    """Where a notice stands; every notice leaves `owed` for exactly one of the others.

    `bounced`: its mail came back, and it was not worth sending again. One that still holds is owed again instead.
    """

    OWED = "owed"
    SENT = "sent"
    SUPERSEDED = "superseded"
    SKIPPED = "skipped"
    FAILED = "failed"
    BOUNCED = "bounced"


class SkipReason(StrEnum):
    """Why a notice is not sent though a rung was reached."""

    OWN_REPORT = "own report"
    UNIT_ENDED = "unit ended"
    NO_CONTACT = "no contact"
    NO_OFFICE = "no labour office"
    HANDED_IN = "handed in"
    DEADLINE_CHANGED = "deadline changed"
    CYCLE_CLOSED = "cycle closed"
    CLAUSE_RETIRED = "clause retired"
    ACKNOWLEDGED = "acknowledged"
    NOT_APPROVED = "not approved"


class MessageKind(StrEnum):
    """A morning mail counts towards one a day; an immediate one answers what somebody just did."""

    MORNING = "morning"
    IMMEDIATE = "immediate"


class MessageState(StrEnum):
    """A message's way: stored before it is sent, settled after. `bounced`: it was sent, and came back."""

    STORED = "stored"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    BOUNCED = "bounced"
    VOID = "void"
    EXPIRED = "expired"
