"""A database of the version before the pages keeps everything it holds when it is brought up to date."""

from sqlalchemy import text

from models.database import upgrade
from tests.integration.old_versions import MADE, old

__all__ = ["old"]


def test_rows_of_the_first_version_are_whole_in_the_newest(old):
    with old.execution_options(dondoc_writes=True).begin() as connection:
        connection.execute(
            text("INSERT INTO event (at, actor, action, subject, detail) VALUES (:at, 'cli', 'opened', 'x', '{}')"),
            {"at": MADE},
        )
        connection.execute(
            text(
                "INSERT INTO unit (slug, brought_by, name, short_name, kind, subordinate) "
                "VALUES ('xa-a', 'plan', 'Xã A', 'A', 'xa', true)"
            )
        )
        connection.execute(
            text(
                "INSERT INTO contact (unit_id, role, address, title, language) "
                "SELECT id, 'contact', 'a@konray.example', 'Đầu mối', 'vi' FROM unit"
            )
        )
        connection.execute(
            text(
                "INSERT INTO message (kind, address, local_date, header_id, sender, content, state, attempts, "
                "uncertain, detail, made_at) VALUES ('morning', 'a@konray.example', '2024-01-02', '<1@x>', 's', "
                ":content, 'sent', 1, false, '', :at)"
            ),
            {"content": b"bytes", "at": MADE},
        )
    upgrade(old)
    with old.connect() as connection:
        assert connection.execute(text("SELECT action, once FROM event")).all() == [("opened", None)]
        assert connection.execute(text("SELECT address, named_here FROM contact")).all() == [
            ("a@konray.example", False)
        ]
        assert connection.execute(text("SELECT subject, text, state FROM message")).all() == [("", "", "sent")]
