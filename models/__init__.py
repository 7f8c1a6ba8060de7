"""The tables, one noun a file. Importing this package knows them all: the migrations rely on it."""

from models.access import AccessLink, LinkKind
from models.assignment import Assignment, DeadlineVersion
from models.cycle import Cycle, CycleState, DueDate
from models.difficulty import Difficulty
from models.draft import Draft
from models.event import Event
from models.extension import ExtensionRequest, RequestState
from models.file import StoredFile
from models.hold import Hold
from models.installation import Installation, Mode
from models.message import Message, MessageContent
from models.notice import Notice
from models.outgoing import Outgoing, OutgoingKind, OutgoingState
from models.overview import Overview
from models.plan import Duty, Office, Plan, Responsibility
from models.staff import Staff
from models.submission import Channel, Review, Submission
from models.sweep import Sweep
from models.unit import Contact, Membership, Unit, UnitGroup

__all__ = [
    "AccessLink",
    "Assignment",
    "Channel",
    "Contact",
    "Cycle",
    "CycleState",
    "DeadlineVersion",
    "Difficulty",
    "Draft",
    "DueDate",
    "Duty",
    "Event",
    "ExtensionRequest",
    "Hold",
    "Installation",
    "LinkKind",
    "Membership",
    "Message",
    "MessageContent",
    "Mode",
    "Notice",
    "Office",
    "Outgoing",
    "OutgoingKind",
    "OutgoingState",
    "Overview",
    "Plan",
    "RequestState",
    "Responsibility",
    "Review",
    "Staff",
    "StoredFile",
    "Submission",
    "Sweep",
    "Unit",
    "UnitGroup",
]
