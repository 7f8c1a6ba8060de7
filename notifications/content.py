"""What a mail is made of: plain values that services fill, so that no template ever sees the database."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from functools import cached_property

from rules.deadlines import Step
from rules.vocabulary import Deliverable, Nature

#: More rows than any province has communes.
_ROWS_SHOWN = 200


class Language(StrEnum):
    """The languages a contact can read."""

    VI = "vi"
    EN = "en"


class Section(StrEnum):
    """The parts of a morning mail, the most urgent first; a late list is always an `escalation`."""

    ESCALATION = "escalation"
    OVERDUE = "overdue"
    DUE = "due"
    APPROACHING = "approaching"
    CHANGED = "changed"
    NEW = "new"
    INVITATION = "invitation"


@dataclass(frozen=True, kw_only=True)
class PlanFacts:
    """A plan as a letter names it. `title` is its trích yếu; a number or date not yet entered is left out."""

    title: str
    short_title: str
    issuer_name: str
    number: str | None = None
    issued_on: date | None = None


@dataclass(frozen=True, kw_only=True)
class DeadlineFacts:
    """The final day (with a local time, if any) and the chain that led to it; `version` counts from 1."""

    final: date
    steps: tuple[Step, ...]
    version: int = 1
    at: time | None = None

    @property
    def governing(self) -> Step:
        """The last decision of a person; the `rolled` step after it only moves its date."""
        return next(step for step in reversed(self.steps) if step.kind != "rolled")


@dataclass(frozen=True, kw_only=True)
class Item:
    """One assignment in one mail.

    `key` is stable for the assignment's life (the calendar entry hangs on it); `notice_keys` are the notices that this
    mail settles. `section` says what holds on the day of sending: a rung sent late can already be `overdue`.
    `recipient_name` is the recipient as applied; None where the plan names nobody. `collector_name` is the office that
    follows this item up, called `collector_word` after its first mention; one mail may speak for several offices.
    `consolidates_by` is the collector's own deadline; `listed_from` the day from which late units stand on the list for
    its head. `period` is the storage key of what is reported on (`2024`, `2024-Q3`). `returned`: the report has come
    and its completion was asked for. `provisional`: the days off of that year are not yet decided.
    """

    key: str
    section: Section
    unit_name: str
    unit_short: str
    duty_title: str
    citation: str
    clause_text: str
    nature: Nature
    deliverable: Deliverable
    collector_name: str
    plan: PlanFacts
    year: int
    period: str = ""
    collector_word: str = "Phòng"
    notice_keys: tuple[str, ...] = ()
    recipient_name: str | None = None
    deadline: DeadlineFacts | None = None
    working_days_left: int | None = None
    working_days_overdue: int | None = None
    consolidates_by: date | None = None
    listed_from: date | None = None
    to_head: bool = False
    provisional: bool = False
    previous_final: date | None = None
    returned: bool = False


@dataclass(frozen=True, kw_only=True)
class LateUnit:
    """One row of the list, with its own deadline; an empty `remark` means that the unit has not answered.

    `returned`: its report has come, its completion was asked for, and that has not come.
    """

    unit_name: str
    final: date
    working_days_overdue: int
    reminders: int
    last_reminder: date | None = None
    remark: str = ""
    returned: bool = False


@dataclass(frozen=True, kw_only=True)
class LateList:
    """The units that have not sent one report.

    `group_name` is what they are together ("xã, thị trấn", "đơn vị"); the sentences write "các" or a number before it.
    `to_head`: the list goes to the head of the labour office, who is asked to decide; otherwise to its officer.
    A mail names the first of them, for mail servers refuse what is too long; `more` counts the others.
    """

    duty_title: str
    citation: str
    year: int
    plan: PlanFacts
    final: date
    received: int
    expected: int
    group_name: str
    collector_name: str
    late: tuple[LateUnit, ...]
    period: str = ""
    collector_word: str = "Phòng"
    notice_keys: tuple[str, ...] = ()
    consolidates_by: date | None = None
    days_to_consolidation: int | None = None
    listed_from: date | None = None
    to_head: bool = False

    @property
    def shown(self) -> tuple[LateUnit, ...]:
        return self.late[:_ROWS_SHOWN]

    @property
    def more(self) -> int:
        return len(self.late) - len(self.shown)

    @cached_property
    def own_deadlines(self) -> bool:
        """Whether one date for all would be wrong for some unit of the list."""
        return any(unit.final != self.final for unit in self.late)

    @cached_property
    def some_returned(self) -> bool:
        return any(unit.returned for unit in self.late)

    @cached_property
    def all_returned(self) -> bool:
        return all(unit.returned for unit in self.late)


@dataclass(frozen=True, kw_only=True)
class Reader:
    """To whom a mail goes.

    `display` names the body, or all bodies that one mailbox serves; the greeting itself adds "Lãnh đạo" to a mail that
    only speaks to a head.
    """

    address: str
    display: str
    language: Language = Language.VI


@dataclass(frozen=True, kw_only=True)
class Sender:
    """The labour office, as the mail names its sender and whom to ask."""

    office_short: str
    contact_title: str
    from_address: str
    reply_to: str
    phone: str = ""


@dataclass(frozen=True, kw_only=True)
class PageLink:
    """A page that the mail leads to; `unit_name` names the unit whose own page it is, "" for the office's pages."""

    url: str
    unit_name: str = ""


@dataclass(frozen=True, kw_only=True)
class Letter:
    """What every mail has.

    `as_of` is an aware moment, shown in Vietnamese time. `rehearsal`: the data is made up; `trial`: a local mailbox
    catches every mail. `links` are the reader's own pages, one for each unit that the mailbox serves; empty where no
    pages are set up (DONDOC_PUBLIC_URL).
    """

    reader: Reader
    sender: Sender
    as_of: datetime
    rehearsal: bool = False
    trial: bool = False
    links: tuple[PageLink, ...] = ()


@dataclass(frozen=True, kw_only=True)
class WeekAhead:
    """The office's overview on the first working morning of a week; the numbers count, the lists name.

    `near` are the deadlines of the next ten working days, each with how many units still owe it (day, duty and plan,
    units). `failed`: mails that could not be delivered in the last seven days. `unreachable`: units with a mailbox from
    which mails come back. `faults`: what the system's own check found; empty means "hệ thống hoạt động bình thường".
    """

    week: date
    to_receive: int
    extensions: int
    difficulties: int
    near: tuple[tuple[date, str, int], ...] = ()
    failed: int = 0
    unreachable: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()


class NoteKind(StrEnum):
    """What somebody has just done, so that a mail answers it at once."""

    HANDED_IN = "handed-in"
    DOCUMENT_NAMED = "document-named"
    ACKNOWLEDGED = "acknowledged"
    EXTENSION_ASKED = "extension-asked"
    EXPECTED = "expected"
    DIFFICULTY_RAISED = "difficulty-raised"
    PASSED_ON = "passed-on"
    SUBSTITUTE_NAMED = "substitute-named"
    ACCEPTED = "accepted"
    NOTED = "noted"
    EXTENSION_REFUSED = "extension-refused"
    DIFFICULTY_ANSWERED = "difficulty-answered"
    ARRIVAL_CORRECTED = "arrival-corrected"
    FRESH_LINK = "fresh-link"
    SIGN_IN = "sign-in"
    TEST = "test"
    UPWARD = "upward"


@dataclass(frozen=True, kw_only=True)
class Note(Letter):
    """The immediate mail that answers one act; what does not belong to its kind stays empty.

    `what`: the task with its period ("Báo cáo năm 2024"), `citation` its clause. `number` and `dated`: the document's.
    `day`: the day that was asked for, promised, decided, or on which a substitute begins; `last_day` its end. `final`:
    the deadline that stands. `text`: the words that were written (reason, answer, difficulty, or the letter upward).
    `person`: the title of a colleague or substitute, or who handed in. `at`: when it was recorded. `ends_at`: the end
    of a sign-in link or of a unit's link. `collector_name`: the labour office in full, `collector_word` after that.
    """

    kind: NoteKind
    collector_name: str
    collector_word: str = "Phòng"
    unit_name: str = ""
    what: str = ""
    citation: str = ""
    number: str = ""
    dated: date | None = None
    day: date | None = None
    last_day: date | None = None
    final: date | None = None
    text: str = ""
    subject: str = ""
    person: str = ""
    at: datetime | None = None
    ends_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Morning(Letter):
    """The one mail of a working day to one address, over all plans."""

    items: tuple[Item, ...] = ()
    late_lists: tuple[LateList, ...] = ()
    overview: WeekAhead | None = None

    @property
    def notice_keys(self) -> tuple[str, ...]:
        return notice_keys((*self.late_lists, *self.items))


@dataclass(frozen=True, kw_only=True)
class Changed(Letter):
    """The immediate mail "Đổi thời hạn": somebody has just changed, extended or set these deadlines."""

    items: tuple[Item, ...]

    @property
    def notice_keys(self) -> tuple[str, ...]:
        return notice_keys(self.items)


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """A mail in words, ready to be put into a message."""

    subject: str
    text: str
    html: str


def notice_keys(parts: Iterable[Item | LateList]) -> tuple[str, ...]:
    """Return every notice once, in the order of the mail."""
    return tuple(dict.fromkeys(key for part in parts for key in part.notice_keys))
