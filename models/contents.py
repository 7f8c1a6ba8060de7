"""What does a database hold? Asked of the original, of its copy, and of what was restored: all three must be equal."""

from dataclasses import dataclass

from sqlalchemy import Connection, column, func, inspect, select, table

from models.database import version_on


@dataclass(frozen=True, kw_only=True)
class Contents:
    """The version of its tables, its mode, rows by table, and the digest of each file that it names."""

    schema: str
    mode: str
    rows: dict[str, int]
    files: dict[str, str]


def contents_of(connection: Connection) -> Contents | None:
    """Count everything within one transaction; of any version's tables. None where no dondoc has made its tables."""
    names = sorted(inspect(connection).get_table_names())
    schema = version_on(connection)
    if schema is None:
        return None
    installation, files = (
        table("installation", column("mode")),
        table("storedfile", column("stored_as"), column("digest")),
    )
    return Contents(
        schema=schema,
        mode=str(connection.scalar(select(installation.c.mode)) or ""),
        rows={name: connection.scalar(select(func.count()).select_from(table(name))) or 0 for name in names},
        files=dict(connection.execute(select(files)).tuples().all()) if files.name in names else {},
    )
