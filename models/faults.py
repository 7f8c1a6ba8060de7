"""What is wrong when the database itself fails: one sentence for each kind of fault, on SQLite and on PostgreSQL.

A transaction that meets one of these was not committed, so nothing is half-written. Anything else that a driver
complains about (a broken rule of a table, a mistake in a statement) is none of these and stays as it is.
"""

import sqlite3
from enum import StrEnum

from rules.errors import DondocError


class DatabaseError(DondocError):
    """The database cannot be used."""


class DatabaseUnavailableError(DatabaseError):
    """The database cannot be used until somebody mends it: full, read-only, damaged, not to be opened."""


class DatabaseBusyError(DatabaseUnavailableError):
    """The database cannot be used right now, which passes by itself: busy, restarting, out of reach."""


class Fault(StrEnum):
    """What happened, what it means, and how to mend it."""

    FULL = "the disk of the database is full: nothing was written; make room there, and what is owed goes out then"
    READ_ONLY = (
        "the database can only be read: nothing was written; look whether its disk is mounted read-only, and whether "
        "dondoc's user may write the file and its folder (PostgreSQL: default_transaction_read_only, or a standby)"
    )
    BUSY = "the database is busy: another program held it for too long; nothing was written, try again in a minute"
    AWAY = (
        "the database cannot be reached; nothing was written: try again when its server answers, or correct "
        "DONDOC_DATABASE_URL"
    )
    CLOSED = (
        "the database cannot be opened: look whether its folder exists, its disk is mounted for writing, and dondoc's "
        "user may read and write it"
    )
    BROKEN_DISK = "the disk of the database reports faults: nothing was written; look at the machine's log"
    DAMAGED = "the database is damaged: stop the service, keep the file, and restore the newest good backup"


_PASSING = (Fault.BUSY, Fault.AWAY)

#: https://www.sqlite.org/rescode.html: the whole code, or its lowest byte, which is its kind.
_SQLITE = {
    # There is no room for the index of the log, which even a reader needs.
    sqlite3.SQLITE_IOERR_SHMSIZE: Fault.FULL,
    sqlite3.SQLITE_FULL: Fault.FULL,
    sqlite3.SQLITE_READONLY: Fault.READ_ONLY,
    sqlite3.SQLITE_BUSY: Fault.BUSY,
    sqlite3.SQLITE_LOCKED: Fault.BUSY,
    sqlite3.SQLITE_CANTOPEN: Fault.CLOSED,
    sqlite3.SQLITE_PERM: Fault.CLOSED,
    sqlite3.SQLITE_IOERR: Fault.BROKEN_DISK,
    sqlite3.SQLITE_CORRUPT: Fault.DAMAGED,
    sqlite3.SQLITE_NOTADB: Fault.DAMAGED,
}
#: https://www.postgresql.org/docs/current/errcodes-appendix.html: the whole code, or its class of two characters.
_POSTGRESQL = {
    "53100": Fault.FULL,
    "25006": Fault.READ_ONLY,
    "55P03": Fault.BUSY,
    "40": Fault.BUSY,
    "53": Fault.BUSY,
    "08": Fault.AWAY,
    "57": Fault.AWAY,
    "58": Fault.BROKEN_DISK,
    "XX": Fault.DAMAGED,
}


def fault_of(error: BaseException) -> Fault | None:
    """Return what a driver's error means, or None where the database is not at fault."""
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", 0)
        return _SQLITE.get(code) or _SQLITE.get(code & 0xFF)
    state = getattr(error, "sqlstate", None)
    if state is None:  # no answer at all: libpq itself could not connect, or lost its connection
        return Fault.AWAY if "OperationalError" in (kind.__name__ for kind in type(error).__mro__) else None
    return _POSTGRESQL.get(state) or _POSTGRESQL.get(state[:2])


def unavailable(fault: Fault, driver: object) -> DatabaseUnavailableError:
    """Return the refusal: our sentence, and the first line of the driver's own words, which hold no values."""
    said = next(iter(str(driver).splitlines()), "")
    kind = DatabaseBusyError if fault in _PASSING else DatabaseUnavailableError
    return kind(f"{fault} ({said})" if said else str(fault))
