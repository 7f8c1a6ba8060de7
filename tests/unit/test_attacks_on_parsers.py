"""Files and texts made to exhaust or mislead their reader: each is refused, shown as text, or done with soon."""

import time

import pytest

from cli.common import print_table
from documents.report_form import write_form
from documents.text import printable
from models.database import DatabaseError, make_engine
from plans.problems import FileError
from plans.reading import read_cycle_text

SOON = 60.0  # seconds, on a machine that is busy with other tests; undefended it takes several times as long


@pytest.mark.parametrize(
    ("text", "said"),
    [
        # The billion laughs.
        (
            "plan: &a [x, x]\n"
            + "".join(f"k{n}: &{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}]\n" for n in range(24)),
            "write the text out instead of the anchor",
        ),
        ("base: &b {plan: x}\n<<: *b\n", "write the text out instead of the anchor"),
        ("plan: " + "[" * 3_000 + "]" * 3_000, "this is no valid YAML"),
        ("plan: " + "{a: " * 3_000 + "1" + "}" * 3_000, "this is no valid YAML"),
        ("deadlines:\n  - form: " + "[" * 300 + "]" * 300, "form"),
        ("plan: !!python/object/apply:os.system ['id']", "leave out the tag"),
        ("plan: !!python/name:os.system", "leave out the tag"),
        ("year: " + "9" * 5_000, "year"),
        ('plan: "a\\0b"', "cannot stand here"),
        ("deadlines: [" + "{}," * 5_000 + "]", "missing"),
    ],
)
def test_a_file_that_would_exhaust_or_command_its_reader_is_refused(text, said):
    with pytest.raises(FileError, match=said):
        read_cycle_text(text)


def test_a_page_of_nothing_but_accents_is_composed_soon():
    """Composing (NFC) sorts the marks on a letter: a report of 600,000 of them once held up all pages for hours."""
    marks = "a" + "\u0301" * 100_000 + "\u0327" * 100_000
    began = time.monotonic()
    assert len(printable(marks)) > 150_000
    write_form(heading=("Biểu",), raw={"1": marks[:60_000] + marks[-60_000:]})
    assert time.monotonic() - began < SOON


def test_words_are_composed_as_before():
    assert printable("Ba\u0301o ca\u0301o\n xa\u0303 ddo\u0302n\u0323g\r\nhai") == "Báo cáo\n xã ddôṇg\nhai"


def test_a_table_on_the_terminal_is_neither_markup_nor_a_command(capsys):
    print_table("[bold]Title[/nothing]", ["what"], [["[/x] [link=http://evil.example]y[/link] \x1b[2J\x07 end"]])
    printed = capsys.readouterr().out
    assert "[/x] [link=http://evil.example]y[/link]" in " ".join(printed.split())
    assert "[bold]Title[/nothing]" in printed
    assert "\x1b[2J" not in printed
    assert "\x07" not in printed


@pytest.mark.parametrize("url", ["postgresql:dondoc:pa55word", "pa55word", "postgresql://h:port/db?password=pa55word"])
def test_a_wrong_database_address_is_refused_without_being_shown(url):
    with pytest.raises(DatabaseError) as refused:
        make_engine(url)
    assert "DONDOC_DATABASE_URL" in str(refused.value)
    assert "pa55word" not in str(refused.value)
