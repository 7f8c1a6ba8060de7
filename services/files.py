"""Files on disk: kept under random names in a folder that nothing serves, read back only through a page's own check."""

import hashlib
import os
import secrets
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from sqlalchemy import func
from sqlmodel import Session, col, select

from documents.uploads import inspect, safe_name
from models import Assignment, StoredFile
from rules.errors import DondocError
from services.journal import record

#: A report with more is no report; the whole is bounded before anything is stored.
MOST_FILES = 20
#: The bytes of removed files stay: one link must not fill the disk by attaching and removing.
MOST_UPLOADS = 60


class TooManyFilesError(DondocError):
    """A report or a duty can have no more than twenty files."""


class FilesFolderError(DondocError):
    """The folder of files cannot be written."""


class NoSuchFileError(DondocError):
    """There is no such file here."""


def keep_file(
    session: Session,
    folder: Path,
    *,
    content: bytes,
    name: str,
    actor: str,
    now: datetime,
    assignment_id: int | None = None,
    plan_id: int | None = None,
    duty_key: str = "",
) -> StoredFile:
    """Check and store what was uploaded; whoever lies about its type is refused before anything is written."""
    kind = inspect(content, name=name)
    beside = files_of(session, assignment_id=assignment_id, plan_id=plan_id, duty_key=duty_key)
    if len(beside) >= MOST_FILES or _uploaded(session, assignment_id, plan_id, duty_key) >= MOST_UPLOADS:
        raise TooManyFilesError
    digest = hashlib.sha256(content).hexdigest()
    same = next((file for file in beside if file.digest == digest), None)
    if same is not None:
        return same
    stored_as = secrets.token_hex(16)
    row = StoredFile(
        stored_as=stored_as,
        name=safe_name(name),
        kind=str(kind),
        size=len(content),
        digest=digest,
        assignment_id=assignment_id,
        plan_id=plan_id,
        duty_key=duty_key,
        made_at=now,
        actor=actor,
    )
    session.add(row)
    session.flush()
    _write(folder / stored_as, content)
    record(
        session, now=now, actor=actor, action="attached", subject=f"file:{row.id}", kind=str(kind), size=len(content)
    )
    return row


def _uploaded(session: Session, assignment_id: int | None, plan_id: int | None, duty_key: str) -> int:
    """Count what was ever uploaded here, removed or not."""
    query = select(func.count()).select_from(StoredFile)
    if assignment_id is not None:
        return session.exec(query.where(StoredFile.assignment_id == assignment_id)).one()
    return session.exec(query.where(StoredFile.plan_id == plan_id, StoredFile.duty_key == duty_key)).one()


def files_of(
    session: Session, *, assignment_id: int | None = None, plan_id: int | None = None, duty_key: str = ""
) -> list[StoredFile]:
    """Return the standing files of a report that is being written, or of a duty (its outline and forms)."""
    query = select(StoredFile).where(col(StoredFile.removed_at).is_(None))
    if assignment_id is not None:
        query = query.where(StoredFile.assignment_id == assignment_id, col(StoredFile.submission_id).is_(None))
    else:
        query = query.where(StoredFile.plan_id == plan_id, StoredFile.duty_key == duty_key)
    return list(session.exec(query.order_by(col(StoredFile.id))))


def handed_in_files(session: Session, submission_id: int) -> list[StoredFile]:
    return list(
        session.exec(select(StoredFile).where(StoredFile.submission_id == submission_id).order_by(col(StoredFile.id)))
    )


def file_of_office(session: Session, plan_ids: Sequence[int], file_id: int) -> StoredFile:
    """Return what was handed in under one of these plans, or an outline of theirs; a draft's file is the unit's own."""
    file = session.get(StoredFile, file_id)
    if file is None or file.removed_at is not None:
        raise NoSuchFileError
    handed_in = file.submission_id is not None and file.assignment_id is not None
    plan_id = session.get_one(Assignment, file.assignment_id).plan_id if handed_in else file.plan_id
    if plan_id not in plan_ids:
        raise NoSuchFileError
    return file


def attach_to_submission(session: Session, assignment_id: int, submission_id: int) -> None:
    """What was attached while the report was written is handed in with it."""
    for file in files_of(session, assignment_id=assignment_id):
        file.submission_id = submission_id
        session.add(file)


def file_for_unit(session: Session, unit_id: int, file_id: int) -> StoredFile:
    """Return a file that a unit may have: of a report of its own, or an outline of a duty that it has."""
    file = session.get(StoredFile, file_id)
    if file is None or file.removed_at is not None:
        raise NoSuchFileError
    assignments = select(Assignment.id).where(Assignment.unit_id == unit_id)
    if file.assignment_id is not None:
        wanted = assignments.where(Assignment.id == file.assignment_id)
    else:
        wanted = assignments.where(Assignment.plan_id == file.plan_id, Assignment.duty_key == file.duty_key)
    if session.exec(wanted).first() is None:
        raise NoSuchFileError
    return file


def remove_file(session: Session, file: StoredFile, *, actor: str, now: datetime) -> None:
    """Take a file out again; its bytes stay, so that nothing is lost by a slip of the finger."""
    if file.removed_at is None and file.submission_id is None:
        file.removed_at = now
        session.add(file)
        record(session, now=now, actor=actor, action="removed file", subject=f"file:{file.id}")


def read_file(folder: Path, file: StoredFile) -> bytes:
    try:
        return (folder / file.stored_as).read_bytes()
    except FileNotFoundError:
        raise NoSuchFileError from None


def _write(path: Path, content: bytes) -> None:
    """Write a new file that only this user reads, whole on disk before the row that names it is committed."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            path.unlink()
            raise
    except OSError as error:
        raise FilesFolderError(f"{path.parent} cannot be written: {error.strerror}") from None
