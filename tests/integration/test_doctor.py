"""`dondoc doctor` looks and tells: each fault once, with its mend, and nothing is made or changed."""

import pytest
from sqlalchemy import text

from cli.doctor import Verdict, examine
from models.database import make_engine, writing
from services.holds import hold
from tests.conftest import LOADED
from tests.integration.cast import DAK_KOI, everything


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch, tmp_path):
    """Nothing is configured but an empty folder, and nobody listens."""
    for name in ("DONDOC_DATABASE_URL", "DONDOC_SMTP_HOST", "DONDOC_CALENDAR_FILE", "DONDOC_PUBLIC_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DONDOC_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DONDOC_PREFECT_PORT", "1")


def found():
    parts = examine()
    assert len({part.name for part in parts}) == len(parts), "a part is told twice"
    return {part.name: part for part in parts}


def test_where_no_database_is_none_is_made_and_the_way_to_make_it_is_told(tmp_path):
    parts = found()
    assert parts["database"].verdict is Verdict.WRONG
    assert "there is no database yet" in parts["database"].found
    assert "dondoc plan load FILE" in parts["database"].mend
    assert "staff" not in parts
    assert list(tmp_path.iterdir()) == []


def test_a_database_that_is_there_is_looked_at_and_left_as_it_is(sqlite, monkeypatch):
    monkeypatch.setenv("DONDOC_DATABASE_URL", str(sqlite.url))
    before = everything(sqlite)
    parts = found()
    assert parts["database"].verdict is Verdict.GOOD
    assert parts["staff"].verdict is Verdict.WARNING  # the example's staff have ended with their district
    assert everything(sqlite) == before


def test_sending_that_is_held_is_named_with_the_way_to_let_it_go_on(sqlite, monkeypatch):
    monkeypatch.setenv("DONDOC_DATABASE_URL", str(sqlite.url))
    with writing(sqlite) as session:
        hold(session, unit=None, reason="khôi phục", actor="test", now=LOADED)
        hold(session, unit=DAK_KOI, reason="rà soát", actor="test", now=LOADED)
    parts = found()
    assert parts["sending to everybody"].found == "held since 2024-01-02 08:00: khôi phục"
    assert [part.verdict for name, part in parts.items() if "Đăk Kôi" in name] == [Verdict.WARNING]
    assert "dondoc hold --lift" in parts["sending to everybody"].mend


def test_a_mailbox_that_cannot_be_read_is_told_with_the_settings_to_look_at(monkeypatch):
    monkeypatch.setenv("DONDOC_IMAP_HOST", "127.0.0.1")
    monkeypatch.setenv("DONDOC_IMAP_PORT", "1")
    monkeypatch.setenv("DONDOC_IMAP_SECURITY", "none")
    assert found()["returned mails"].mend == "check DONDOC_IMAP_HOST, _PORT, _SECURITY, _FOLDER, _USER and _PASSWORD"


def test_a_database_of_another_version_is_named_and_left_as_it_is(sqlite, monkeypatch):
    monkeypatch.setenv("DONDOC_DATABASE_URL", str(sqlite.url))
    with sqlite.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    parts = found()
    assert parts["database"].verdict is Verdict.WRONG
    assert "another version" in parts["database"].found
    assert "staff" not in parts
    with make_engine(str(sqlite.url)).connect() as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == "0001"


def test_an_address_that_is_none_is_told_once(monkeypatch):
    monkeypatch.setenv("DONDOC_DATABASE_URL", "mysql://localhost/x")
    assert "not on mysql" in found()["database"].found


def test_a_misspelt_variable_is_named_with_the_one_that_was_meant(monkeypatch):
    monkeypatch.setenv("DONDOC_SMPT_HOST", "mail.konray.example")
    monkeypatch.setenv("DONDOC_SMTP_PORT", "mail")
    parts = found()
    assert parts["DONDOC_SMPT_HOST"].mend == "did you mean DONDOC_SMTP_HOST?"
    assert parts["settings"].verdict is Verdict.WRONG
