"""The tables, one noun a file. Importing this package knows them all: the migrations rely on it."""

from models.assignment import Assignment, DeadlineVersion
from models.cycle import Cycle, CycleState, DueDate
from models.event import Event
from models.hold import Hold
from models.installation import Installation, Mode
from models.message import Message
from models.notice import Notice
from models.plan import Duty, Office, Plan, Responsibility
from models.submission import Channel, Review, Submission
from models.sweep import Sweep
from models.unit import Contact, Membership, Unit, UnitGroup

__all__ = [
    "Assignment",
    "Channel",
    "Contact",
    "Cycle",
    "CycleState",
    "DeadlineVersion",
    "DueDate",
    "Duty",
    "Event",
    "Hold",
    "Installation",
    "Membership",
    "Message",
    "Mode",
    "Notice",
    "Office",
    "Plan",
    "Responsibility",
    "Review",
    "Submission",
    "Sweep",
    "Unit",
    "UnitGroup",
]
