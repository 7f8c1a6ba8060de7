"""Databases of the first version, made by its own migration, with rows in them."""

import pytest
from alembic import command
from sqlalchemy import Engine, text

from models.database import _config, make_engine

MADE = "2024-01-02 01:00:00"
_ROWS = {
    "event": "(at, actor, action, subject, detail) VALUES (:at, 'cli', 'opened', :n, '{}')",
    "unit": (
        "(slug, brought_by, name, short_name, kind, subordinate) VALUES ('xa-' || :n, 'plan', 'Xã A', 'A', 'xa', true)"
    ),
    "contact": (
        "(unit_id, role, address, title, language) SELECT id, 'contact', slug || '@konray.example', 'Đầu mối', 'vi' "
        "FROM unit WHERE slug = 'xa-' || :n"
    ),
    "message": (
        "(kind, address, local_date, header_id, sender, content, state, attempts, uncertain, detail, made_at) "
        "VALUES ('morning', 'a' || :n || '@konray.example', '2024-01-02', '<' || :n || '@x>', 's', :content, 'sent', "
        "1, false, '', :at)"
    ),
    "installation": ("(id, mode, made_at) SELECT 1, 'earnest', :at WHERE NOT EXISTS (SELECT id FROM installation)"),
}


def at_version(engine: Engine, version: str) -> None:
    config = _config()
    with engine.execution_options(dondoc_writes=True).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, version)


@pytest.fixture
def old(storage):
    """Yield an empty database of the first version."""
    storage.make("dondoc_old")
    engine = make_engine(storage.url("dondoc_old"))
    at_version(engine, "0001")
    yield engine
    engine.dispose()
    storage.drop("dondoc_old")


def fill(engine: Engine, times: int = 1) -> dict[str, list[tuple[object, ...]]]:
    """Write rows into the tables that the next version changes; return them."""
    with engine.execution_options(dondoc_writes=True).begin() as connection:
        for number in range(times):
            for table, row in _ROWS.items():
                statement = f"INSERT INTO {table} {row}"
                found = {"at": MADE, "n": str(number), "content": b"bytes"}
                wanted = {name: value for name, value in found.items() if f":{name}" in statement}
                connection.execute(text(statement), wanted)
    return rows_of(engine, dict.fromkeys(_READ))


_READ = {
    "event": "SELECT action, subject FROM event WHERE action = 'opened' ORDER BY id",
    "unit": "SELECT slug, name FROM unit ORDER BY id",
    "contact": "SELECT address, title, unit_id FROM contact ORDER BY id",
    "message": "SELECT address, header_id, state FROM message ORDER BY id",
}


def rows_of(engine: Engine, names) -> dict[str, list[tuple[object, ...]]]:
    with engine.connect() as connection:
        return {name: [tuple(row) for row in connection.execute(text(_READ[name]))] for name in names}
