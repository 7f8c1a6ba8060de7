"""A backup becomes the database again: where none is, whole or not at all, and with sending held until a person looked.

What was mailed after the backup, nobody here knows any more. So a restored database sends nothing by itself: "Tạm dừng
gửi" stands for all units, and whoever lifts it has read why.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZipFile

from sqlalchemy import DateTime, Dialect, Engine, column, insert, literal, null, select, table

from models import postgres_snapshot, sqlite_snapshot
from models.contents import contents_of
from models.database import is_empty, knows, upgrade, writing
from rules.moments import local
from services.backups import DATABASE, FILE, BackupError, Manifest, Member, keep_names, measured, reading_back, unpack
from services.journal import record

_REASON = (
    "Khôi phục từ bản sao lưu lập lúc {made:%H:%M ngày %d/%m/%Y}. Kiểm tra các báo cáo đã nhận và thư đã gửi từ thời "
    "điểm đó trước khi cho gửi lại."
)
_HOLD = table("hold", *(column(name) for name in ("id", "unit_id", "reason", "made_at", "lifted_at")))


def restore(engine: Engine, files: Path, backup: Path, *, actor: str, now: datetime) -> Manifest:
    """Put a backup where nothing is, verified before and after, and bring it to this program's version."""
    if not backup.is_file():
        raise BackupError(f"there is no file {backup}")
    if not is_empty(engine):
        raise BackupError(
            "there is a database already, and restoring never replaces one: stop dondoc, move that database away (or "
            "make a new one), or point DONDOC_DATABASE_URL elsewhere"
        )
    workplace = Path(engine.url.database or "").parent if engine.dialect.name == "sqlite" else files.parent
    try:
        workplace.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (
            TemporaryDirectory(prefix=".restoring-", dir=workplace) as folder,
            reading_back(backup, Path(folder) / "read") as (manifest, archive),
        ):
            _require_fitting(engine, manifest)
            with _files_placed(engine, archive, manifest, files):
                _put_back(engine, Path(folder) / "read" / DATABASE, manifest, now)
                keep_names(workplace)
    except OSError as error:
        raise BackupError(f"nothing was restored: {error.filename or workplace}: {error.strerror}") from None
    _compare(engine, manifest)
    upgrade(engine)
    with writing(engine) as session:
        record(
            session, now=now, actor=actor, action="restored", subject="*", backup_made_at=manifest.made_at.isoformat()
        )
    return manifest


def _require_fitting(engine: Engine, manifest: Manifest) -> None:
    if manifest.backend != engine.dialect.name:
        raise BackupError(
            f"the backup is of a {manifest.backend} database: point DONDOC_DATABASE_URL at an empty one of that kind"
        )
    if not knows(manifest.table_version):
        raise BackupError(
            f"the backup is of a newer version ({manifest.program}, tables {manifest.table_version}) than this "
            "program: install that dondoc"
        )


@contextmanager
def _files_placed(engine: Engine, archive: ZipFile, manifest: Manifest, files: Path) -> Iterator[None]:
    """Put the files where they belong, and take them away again when no database came after them.

    Their names are random, so files of another database in the same folder are never touched. One that is there
    already with the same content is left from a restore that was killed.
    """
    placed: list[Path] = []
    files.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        for name, member in manifest.files.items():
            if not _is_there(files / name, member):
                part = files / f"{name}.part"
                part.unlink(missing_ok=True)
                placed += [part, files / name]
                unpack(archive, FILE + name, member, part)
                part.replace(files / name)
        keep_names(files)
        yield
    except BaseException:
        if is_empty(engine):  # else an interruption came too late, and the files are needed
            for path in placed:
                path.unlink(missing_ok=True)
        raise


def _is_there(path: Path, member: Member) -> bool:
    if not path.exists():
        return False
    with path.open("rb") as file:
        if measured(file) != member:
            raise BackupError(f"{path} is there already with other content: move it away")
    return True


def _put_back(engine: Engine, database: Path, manifest: Manifest, now: datetime) -> None:
    """Put the database back together with the hold on sending: one never stands without the other."""
    hold = _hold_statement(engine.dialect, _REASON.format(made=local(manifest.made_at)), now)
    if engine.dialect.name == "sqlite":
        sqlite_snapshot.put_back(engine, database, hold)
    else:
        postgres_snapshot.put_back(engine, database, hold, manifest.rows)


def _hold_statement(dialect: Dialect, reason: str, now: datetime) -> str:
    """Return plain SQL, unless all sending is held already: the tables are still those of the backup's version."""
    standing = select(_HOLD.c.id).where(_HOLD.c.unit_id.is_(None), _HOLD.c.lifted_at.is_(None))
    made_at = literal(now.astimezone(UTC).replace(tzinfo=None), DateTime())
    values = select(null(), literal(reason), made_at).where(~standing.exists())
    statement = insert(_HOLD).from_select(["unit_id", "reason", "made_at"], values)
    return str(statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))


def _compare(engine: Engine, manifest: Manifest) -> None:
    """Look once more at what now stands: every table has its rows, and the one of holds may have one more."""
    with engine.connect() as connection:
        found = contents_of(connection)
    beside = {"hold"}
    if found is None or any(found.rows[name] != rows for name, rows in manifest.rows.items() if name not in beside):
        raise BackupError("the restored database does not hold what the backup says: look at the disk, and try again")
