"""What the mail server's answer to one attempt means: whether it is believed, and when the mail is tried again.

A mail server can be wrong about everybody: it takes itself for the end of a domain that is elsewhere, does not relay
for us, or has lost its list of mailboxes. So a final refusal waits like a temporary one until the server has taken
another mail of the same sender, or the round ends and too few were refused to suspect it.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Engine, bindparam, func, select

from models.database import reading
from models.tables import MESSAGE
from notifications.smtp import Outcome, OutcomeKind
from rules.vocabulary import MessageKind, MessageState

#: First wait after a temporary refusal; greylisting asks for five minutes and more. Doubled with each attempt.
_FIRST_WAIT = timedelta(minutes=5)
LONGEST_WAIT = timedelta(hours=2)
#: Doublings after which every wait is the longest; a mail may wait for weeks, and the numbers would grow without end.
_DOUBLINGS = 10
#: Attempts after which a mail that was lost on the way time and again has had its day: its reader may have every copy.
_MOST_UNCERTAIN = 4
#: A server that took a mail as lately as this, the time from one delivery to the next, is one that takes mails.
_LATELY = timedelta(minutes=15)
#: Mailboxes in a row, refused or uncertain, that make the server suspect: where it took no mail lately, and where it
#: did. Fewer would stop the queue where communes were merged; more would silence a small office.
_FIRST_STRANGERS, _STRANGERS = 3, 10
REFUSALS = (OutcomeKind.REFUSED, OutcomeKind.UNREACHABLE)
#: Nothing was said of this mail.
_NOT_GIVEN = (OutcomeKind.DOWN, OutcomeKind.SENDER_REFUSED)


class Mail(NamedTuple):
    """A stored mail as it is taken for sending; `attempts` are those before this one."""

    id: int
    kind: MessageKind
    address: str
    sender: str
    content: bytes
    attempts: int
    uncertain: bool
    not_after: datetime | None
    made_at: datetime


class Attempt(NamedTuple):
    """A mail that was tried, and what came of it."""

    mail: Mail
    outcome: Outcome

    @property
    def attempts(self) -> int:
        """Return how many attempts the mail has had; one in which nothing was said of it is none."""
        return self.mail.attempts + (self.outcome.kind not in _NOT_GIVEN)

    def next_try(self, now: datetime) -> datetime | None:
        """Return when the mail is tried again: later each time; at once with the next run if it never was given."""
        if self.outcome.kind in _NOT_GIVEN:
            return None
        wait: timedelta = min(_FIRST_WAIT * 2 ** min(self.mail.attempts, _DOUBLINGS), LONGEST_WAIT)
        return now + wait


class Trust:
    """How far one run believes the mail server, for each sender apart: a fault of one office's address is not all's.

    `alarm` says what stopped mails: all of them where the server is out of reach (`down`), otherwise a sender's.
    """

    def __init__(self, engine: Engine, now: datetime) -> None:
        """Believe whatever comes, so far."""
        self._engine, self._now = engine, now
        self.alarm = ""
        self.down = False
        self._stopped: set[str] = set()
        self._takes: set[str] = set()
        self._last_taken: dict[str, datetime | None] = {}
        self._strangers: dict[str, set[str]] = {}
        self._doubted: defaultdict[str, list[Attempt]] = defaultdict(list)

    def lets(self, sender: str) -> bool:
        """Say whether mails of this sender may still be tried in this run, unless the server is down."""
        return sender not in self._stopped

    def judged(self, mail: Mail, outcome: Outcome) -> Iterator[Attempt]:
        """Yield what stands now: this attempt as it is believed, and earlier ones that were doubted so far."""
        if outcome.kind is OutcomeKind.ACCEPTED:
            self._takes.add(mail.sender)
            self._strangers[mail.sender] = set()
            yield from self._doubted.pop(mail.sender, ())
        elif outcome.kind is OutcomeKind.DOWN:
            self.down, self.alarm = True, outcome.detail
        elif outcome.kind is OutcomeKind.SENDER_REFUSED:
            self._stop(mail.sender, f"the sender is refused: {outcome.detail}")
        elif outcome.kind is OutcomeKind.UNCERTAIN and mail.uncertain and mail.attempts + 1 >= _MOST_UNCERTAIN:
            lost = f"lost on the way again and again, it may have arrived: {outcome.detail}"
            outcome = replace(outcome, kind=OutcomeKind.REFUSED, detail=lost)
        elif outcome.kind is OutcomeKind.UNCERTAIN or (outcome.kind in REFUSALS and outcome.code is not None):
            outcome = self._doubt(mail, outcome)
        yield Attempt(mail, outcome)

    def rest(self) -> list[Attempt]:
        """Return what is believed at the end of a round, for too few were refused to suspect the server.

        A mail that was not taken before waits on, unless the server has taken another since it was made: whatever was
        wrong with the server then may not have been mended.
        """
        doubted = [attempt for attempts in self._doubted.values() for attempt in attempts]
        self._doubted.clear()
        return [one for one in doubted if one.mail.attempts == 0 or self._took_since(one.mail)]

    def _took_since(self, mail: Mail) -> bool:
        last = self._last_taken.get(mail.sender)
        return mail.sender in self._takes or (last is not None and last >= mail.made_at)

    def _doubt(self, mail: Mail, outcome: Outcome) -> Outcome:
        """Count the mailbox as a stranger; what would end the mail makes it wait for now."""
        strangers = self._strangers_of(mail.sender)
        strangers.add(mail.address)
        if outcome.kind in REFUSALS:
            self._doubted[mail.sender].append(Attempt(mail, outcome))
            outcome = replace(outcome, kind=OutcomeKind.DEFERRED)
        if len(strangers) >= (_STRANGERS if mail.sender in self._takes else _FIRST_STRANGERS):
            if mail.sender not in self._takes:
                self._doubted.pop(mail.sender, None)
            self._stop(mail.sender, f"no mail is taken to {len(strangers)} mailboxes in a row ({outcome.detail})")
        return outcome

    def _stop(self, sender: str, why: str) -> None:
        self._stopped.add(sender)
        self.alarm = why

    def _strangers_of(self, sender: str) -> set[str]:
        """Return the mailboxes that were refused since the server last took a mail, also in earlier runs."""
        if sender not in self._strangers:
            with reading(self._engine) as session:
                connection = session.connection()
                last = connection.scalar(_LAST_TAKEN, {"sender": sender, "now": self._now})
                refused = connection.scalars(_REFUSED_SINCE, {"sender": sender, "last": last or _EVER})
                self._strangers[sender] = set(refused)
                self._last_taken[sender] = last
            if last is not None and last > self._now - _LATELY:
                self._takes.add(sender)
        return self._strangers[sender]


_EVER = datetime.min.replace(tzinfo=UTC)
# What was taken later than now was written down by a clock that was ahead.
_LAST_TAKEN = select(func.max(MESSAGE.c.settled_at)).where(
    MESSAGE.c.sender == bindparam("sender"),
    MESSAGE.c.state.in_((MessageState.SENT, MessageState.BOUNCED)),
    MESSAGE.c.settled_at <= bindparam("now", type_=MESSAGE.c.settled_at.type),
)
_REFUSED_SINCE = select(MESSAGE.c.address).where(
    MESSAGE.c.sender == bindparam("sender"),
    MESSAGE.c.state == MessageState.FAILED,
    MESSAGE.c.settled_at > bindparam("last", type_=MESSAGE.c.settled_at.type),
)
