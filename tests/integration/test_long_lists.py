"""A country has more assignments than a statement takes values: every list of ids is cut."""

import re
from datetime import date

import pytest
from sqlalchemy import event

from services import chunks
from tests.integration.cast import MINUS_15, OPENING, PLUS_1, morning, open_year, recipients

#: Mails are stored and sent a few at a time, whatever their number.
OF_IDS = re.compile(r"(?<!header_)id IN \(([?, ]+)\)")


@pytest.fixture
def longest(sqlite, monkeypatch):
    """Cut lists after three ids, and keep the longest list that any statement had, with that statement."""
    monkeypatch.setattr(chunks, "_CHUNK", 3)
    seen = {}

    def look(_connection, _cursor, statement, *_rest):
        for ids in OF_IDS.findall(statement):
            seen[ids.count("?")] = statement

    event.listen(sqlite, "before_cursor_execute", look)
    yield seen
    event.remove(sqlite, "before_cursor_execute", look)


async def test_no_morning_gives_a_statement_more_ids_than_a_chunk(sqlite, longest):
    open_year(sqlite, overviews=True)
    for day in (OPENING, MINUS_15, date(2024, 10, 31), PLUS_1, date(2024, 11, 5)):
        assert recipients(await morning(sqlite, day))
    assert max(longest) == 3, longest[max(longest)]
