"""The whole of dondoc as one file: the database and the files it names, with a manifest of sizes and digests.

Made while everything else runs: one snapshot of the database, then the files that it names, which never change. Read
back and verified before the file gets its name, so that whatever bears the name of a backup is whole.
"""

import hashlib
import os
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Annotated
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import Engine

from models import postgres_snapshot, sqlite_snapshot
from models.contents import Contents
from models.database import is_empty
from rules.errors import DondocError
from services.installation import NoDatabaseError

#: Raised when an older program could no longer read what this one writes.
FORMAT = 1
MANIFEST, DATABASE, FILE = "manifest.json", "database", "files/"
#: A file of ours has a random name of 32 hexadecimal digits; no other name in a backup is ever used.
_NAME = re.compile(r"database|files/[0-9a-f]{32}")
_CHUNK = 1024 * 1024
_LARGEST_MANIFEST = 64 * 1024 * 1024


class BackupError(DondocError):
    """This backup cannot be made or used."""


#: As our tables are called: it stands in SQL that PostgreSQL's programs are given.
TableName = Annotated[str, Field(pattern=r"^[a-z_]+$")]


class Member(BaseModel):
    """One file in the backup."""

    model_config = ConfigDict(frozen=True)

    size: Annotated[int, Field(ge=0)]
    digest: str


class Manifest(BaseModel):
    """What the backup holds. `faulty` names files that were missing or changed on disk when it was made."""

    model_config = ConfigDict(frozen=True)

    format: int
    program: str
    backend: str
    table_version: str
    mode: str
    made_at: AwareDatetime
    rows: dict[TableName, int]
    members: dict[str, Member]
    faulty: tuple[str, ...] = ()

    @property
    def files(self) -> dict[str, Member]:
        """Return the uploaded files by their names on disk."""
        return {name.removeprefix(FILE): member for name, member in self.members.items() if name != DATABASE}


def back_up(engine: Engine, files: Path, target: Path, *, program: str, now: datetime) -> Manifest:
    """Make one file that holds everything; it has its name only once it was read back and is on disk."""
    _require_free(target)
    if is_empty(engine):
        raise NoDatabaseError
    try:
        with TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as folder:
            made = Path(folder) / "backup"
            _write(engine, files, made, program=program, now=now)
            with reading_back(made, Path(folder) / "read") as (manifest, _):
                _require_free(target)
            _settle(made, target)
    except OSError as error:
        raise BackupError(f"{target} cannot be written: {error.strerror}; nothing was left there") from None
    return manifest


def _require_free(target: Path) -> None:
    if target.exists():
        raise BackupError(f"{target} exists, and a backup never replaces anything: name another file")


def _settle(made: Path, target: Path) -> None:
    """Give the file its name, on disk before anybody is told."""
    with made.open("rb") as file:
        os.fsync(file.fileno())
    made.replace(target)
    keep_names(target.parent)


def keep_names(folder: Path) -> None:
    """Bring the names in a folder onto the disk: without it a power cut can take a renamed file back."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _write(engine: Engine, files: Path, made: Path, *, program: str, now: datetime) -> None:
    backend = engine.dialect.name
    snapshot = made.with_name(DATABASE)
    take = sqlite_snapshot.take if backend == "sqlite" else postgres_snapshot.take
    contents = take(engine, snapshot)
    if contents is None:
        raise NoDatabaseError
    made.touch(mode=0o600)
    with ZipFile(made, "w", compression=ZIP_DEFLATED if backend == "sqlite" else ZIP_STORED) as archive:
        members = {DATABASE: _added(archive, DATABASE, snapshot)}
        faulty = []
        for name, digest in contents.files.items():
            found = files / name
            if not (found.is_file() and os.access(found, os.R_OK)):
                faulty.append(name)
                continue
            member = members[FILE + name] = _added(archive, FILE + name, found)
            if member.digest != digest:
                faulty.append(name)
        manifest = _manifest(contents, backend, program, now, members, faulty)
        archive.writestr(MANIFEST, manifest.model_dump_json(indent=1))
    snapshot.unlink()


def _manifest(
    contents: Contents, backend: str, program: str, now: datetime, members: dict[str, Member], faulty: list[str]
) -> Manifest:
    return Manifest(
        format=FORMAT,
        program=program,
        backend=backend,
        table_version=contents.schema,
        mode=contents.mode,
        made_at=now.astimezone(UTC),
        rows=contents.rows,
        members=members,
        faulty=tuple(faulty),
    )


def _added(archive: ZipFile, name: str, path: Path) -> Member:
    with path.open("rb") as source, archive.open(name, "w", force_zip64=True) as copy:
        return measured(source, copy)


def measured(source: IO[bytes], copy: IO[bytes] | None = None, most: int | None = None) -> Member:
    """Read to the end, or a chunk beyond the `most` that is expected; write it to a copy where there is one."""
    digest, size = hashlib.sha256(), 0
    while chunk := source.read(_CHUNK):
        digest.update(chunk)
        size += len(chunk)
        if copy is not None:
            copy.write(chunk)
        if most is not None and size > most:
            break
    return Member(size=size, digest=digest.hexdigest())


@contextmanager
def reading_back(backup: Path, folder: Path) -> Iterator[tuple[Manifest, ZipFile]]:
    """Yield a backup that was verified to its last byte; its database lies in `folder`, the files are still packed."""
    folder.mkdir(mode=0o700)
    try:
        with ZipFile(backup) as archive:
            manifest = _manifest_of(archive)
            for name, member in manifest.members.items():
                unpack(archive, name, member, folder / DATABASE if name == DATABASE else None)
            _look_through(manifest, folder / DATABASE)
            yield manifest, archive
    except (BadZipFile, zlib.error, EOFError, NotImplementedError, ValidationError, KeyError) as error:
        raise BackupError(f"{backup} is no backup of dondoc, or is damaged ({type(error).__name__})") from None


def _manifest_of(archive: ZipFile) -> Manifest:
    if archive.getinfo(MANIFEST).file_size > _LARGEST_MANIFEST:
        raise BadZipFile
    manifest = Manifest.model_validate_json(archive.read(MANIFEST))
    if manifest.format > FORMAT:
        raise BackupError(f"this backup was made by a newer dondoc ({manifest.program}): install that version")
    held = sorted(archive.namelist())
    if held != sorted([MANIFEST, *manifest.members]) or not all(_NAME.fullmatch(name) for name in manifest.members):
        raise BackupError("this backup holds something else than its manifest says: it is damaged, or was changed")
    return manifest


def unpack(archive: ZipFile, name: str, expected: Member, target: Path | None) -> None:
    """Read one member and compare it with the manifest; with a target also write it there, for its owner alone."""
    with archive.open(name) as source:
        if target is None:
            found = measured(source, most=expected.size)
        else:
            with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as copy:
                found = measured(source, copy, most=expected.size)
                copy.flush()
                os.fsync(copy.fileno())
    if found != expected:
        raise BackupError(f"this backup is damaged: {name} is not what the manifest says")


def _look_through(manifest: Manifest, database: Path) -> None:
    """Read the database itself: on SQLite every page and row count, on PostgreSQL what the dump lists."""
    if manifest.backend == "postgresql":
        postgres_snapshot.look_through(database, manifest.rows)
        return
    found = sqlite_snapshot.look_through(database)
    if found is None or (found.schema, found.rows) != (manifest.table_version, manifest.rows):
        raise BackupError("this backup is damaged: its database does not hold what the manifest says")
