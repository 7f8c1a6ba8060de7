"""Bad input gets one clear line per mistake: file, line, clause, what is wrong and how to mend it."""

import unicodedata
from pathlib import Path

import pytest

from plans.problems import FileError
from plans.reading import read_plan, read_units

KONRAY = Path(__file__).parents[2] / "examples" / "konray"

PLAN = """\
plan:
  slug: thu-2024
  title: Kế hoạch thử
  short_title: Kế hoạch thử
  issuer: huyen
  collector: phong
  period: {from: 2024, to: 2025}
  source: thu.txt
  covers: [V]
responsibilities:
  - id: V.4-3
    title: Báo cáo năm của xã
    citation: gạch đầu dòng thứ ba, khoản 4, Mục V
    text: Hàng năm, báo cáo.
    addressees: [xa-a]
    role: lead
    duties:
      - id: a
        title: Báo cáo năm
        text: Hàng năm, báo cáo
        nature: periodic
        cadence: year
        deliverable: report
"""

UNITS = """\
units:
  - slug: xa-a
    name: Ủy ban nhân dân xã A
    short_name: UBND xã A
    kind: xa
    contacts:
      - role: contact
        address: dau-moi.xa-a@thu.example
        title: Cán bộ đầu mối
groups:
  - slug: cac-xa
    name: Các xã
    members:
      - unit: xa-a
  - slug: tat-ca
    name: Tất cả
    members:
      - group: cac-xa
"""


def refusal(read, path: Path, content: str | bytes) -> list[str]:
    """Return the lines of the message with which the file is refused, without its path."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(FileError) as refused:
        read(path)
    lines = str(refused.value).split("\n")
    assert all(line.startswith(f"{path}:") for line in lines)
    return [line.removeprefix(f"{path}:") for line in lines]


def edited(text: str, old: str, new: str) -> str:
    assert text.count(old) == 1
    return text.replace(old, new)


PLAN_MISTAKES = [
    (
        "    addressees:",
        "    adressees:",
        ["15: V.4-3: unknown key 'adressees'; did you mean 'addressees'?"],
    ),
    (
        "  slug: thu-2024\n",
        "  slug: thu-2024\n  xyz: 1\n",
        [
            (
                "3: plan: unknown key 'xyz'; the keys known here are slug, title, short_title, short_title_en, "
                "number, issued_on, issuer, collector, period, source, covers, roll, rungs"
            )
        ],
    ),
    (
        "nature: periodic",
        "nature: yearly",
        ["21: V.4-3.a: 'yearly' is not known here; write one of: 'periodic', 'once', 'continuous' or 'on-event'"],
    ),
    ("    text: Hàng năm, báo cáo.\n", "", ["11: V.4-3: the key 'text' is missing; add it"]),
    (
        "    text: Hàng năm, báo cáo.\n",
        "    text:\n",
        ["14: V.4-3: a text is expected here; write it on one line or in quotes"],
    ),
    (
        "    text: Hàng năm, báo cáo.\n",
        '    text: " "\n',
        ["14: V.4-3: the text is empty; fill it in or leave the key out"],
    ),
    (
        "addressees: [xa-a]",
        "addressees: xa-a",
        ["15: V.4-3: a list is expected here; write each entry on a line that begins with '- ', or [a, b]"],
    ),
    (
        "addressees: [xa-a]",
        "unassigned: null",
        ["11: V.4-3: name the addressees, or say in 'unassigned' why there are none; exactly one of the two"],
    ),
    (
        "slug: thu-2024",
        "slug: Thử",
        ["2: plan: 'Thử' cannot stand here; use lower-case letters without marks, digits and hyphens"],
    ),
    (
        "  issuer: huyen\n",
        "  issued_on: 2024-06-31\n  issuer: huyen\n",
        ["5: plan: there is no such day as 2024-06-31; look at a calendar"],
    ),
    (
        "  issuer: huyen\n",
        "  issued_on: 31/6/2024\n  issuer: huyen\n",
        ["5: plan: '31/6/2024' is no date; write the year first, for example 2024-11-01"],
    ),
    (
        "{from: 2024, to: 2025}",
        "{from: 2025, to: 2024}",
        ["7: plan: the period ends (2024) before it begins (2025); swap the years"],
    ),
    ("{from: 2024, to: 2025}", "{from: x, to: 2025}", ["7: plan: 'x' is no whole number; write digits"]),
    ("{from: 2024, to: 2025}", "{from: 24, to: 2025}", ["7: plan: '24' is too small; it is at least 2000"]),
    (
        "source: thu.txt",
        "source: ../thu.txt",
        ["8: plan: '../thu.txt' cannot stand here; name a .txt file that lies beside the plan"],
    ),
    ("covers: [V]", "covers: []", ["9: plan: the list is empty; add what belongs there"]),
    (
        "nature: periodic",
        "nature: once",
        ["18: V.4-3.a: only a periodic duty has a cadence; leave it out of a duty that is once"],
    ),
    (
        "    duties:\n",
        "    rungs: {contact: [soon]}\n    duties:\n",
        ["17: V.4-3: 'soon' is no whole number; write digits"],
    ),
    (
        "    role: lead\n",
        "    role: lead\n    role: steer\n",
        ["17: the key 'role' stands here twice (first on line 16); keep one of them"],
    ),
    (
        "covers: [V]\n",
        "covers: [V]\n  title: &t Kế hoạch\n",
        ["10: the key 'title' stands here twice (first on line 3); keep one of them"],
    ),
    (
        "short_title: Kế hoạch thử",
        "short_title: &t Kế hoạch thử",
        [
            "4: write the text out instead of the anchor '&t'",
            "4: plan: a text is expected here; write it on one line or in quotes",
        ],
    ),
    (
        "short_title: Kế hoạch thử",
        "short_title: !!python/name:os.system x",
        [
            "4: leave out the tag 'tag:yaml.org,2002:python/name:os.system'",
            "4: plan: a text is expected here; write it on one line or in quotes",
        ],
    ),
]


@pytest.mark.parametrize(("old", "new", "expected"), PLAN_MISTAKES)
def test_a_mistake_in_a_plan_is_told_with_line_clause_and_mend(tmp_path, old, new, expected):
    assert refusal(read_plan, tmp_path / "plan.yaml", edited(PLAN, old, new)) == expected


def test_a_clause_that_stands_twice_is_told_at_its_second_place(tmp_path):
    second = PLAN[PLAN.index("  - id: V.4-3") :]
    assert refusal(read_plan, tmp_path / "plan.yaml", PLAN + second) == [
        "24: V.4-3: the clause 'V.4-3' stands twice (first on line 11); keep one of them",
        "31: V.4-3.a: the duty 'V.4-3.a' stands twice (first on line 18); keep one of them",
    ]


def test_a_clause_cannot_be_a_responsibility_and_no_duty(tmp_path):
    text = PLAN + "not_duties:\n  - {item: V.4-3, reason: không rõ}\n"
    assert refusal(read_plan, tmp_path / "plan.yaml", text) == [
        "25: V.4-3: the clause 'V.4-3' stands twice (first on line 11); keep one of them"
    ]


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file(tmp_path):
    text = PLAN.replace("role: lead", "role: boss").replace("slug: thu-2024", "slug: A B").replace("- id: a", "- id: 1")
    told = refusal(read_plan, tmp_path / "plan.yaml", text)
    assert [line.split(":")[0] for line in told] == ["2", "16", "18"]


NO_YAML = [
    (
        "plan: [1\nb: 2",
        "2: this is no valid YAML: expected ',' or ']', but got ':'; check indentation, colons and quotes",
    ),
    (
        "plan:\n\tslug: x",
        "2: this is no valid YAML: found character '\\t' that cannot start any token; check indentation",
    ),
    ("plan:\n  slug: a\x07", "2: this is no valid YAML: unacceptable character #x0007: special characters"),
    ("? [plan]\n: x\n" + PLAN, "1: a key is one word; write lines such as 'key: value'"),
    # A value of several lines is shown on one.
    (PLAN.replace("lead", '"a\\nb"'), "16: V.4-3: 'a b' is not known here; write one of:"),
    ("", "1: keys with values are expected here; write lines such as 'key: value'"),
    ("- a\n", "1: keys with values are expected here; write lines such as 'key: value'"),
    # TCVN3 bytes, as old Vietnamese fonts leave them.
    (
        b"plan:\n  title: K\xd5 ho\xb9ch\n",
        "2: this is no UTF-8 text (an old font such as TCVN3 or VNI?); convert it to Unicode, then save as UTF-8",
    ),
]


@pytest.mark.parametrize(("content", "expected"), NO_YAML)
def test_a_file_that_is_no_yaml_is_refused_with_its_line(tmp_path, content, expected):
    told = refusal(read_plan, tmp_path / "plan.yaml", content)
    assert len(told) == 1
    assert told[0].startswith(expected)


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(FileError, match="there is no such file"):
        read_plan(tmp_path / "none.yaml")
    with pytest.raises(FileError, match="this is a folder; name a file in it"):
        read_plan(tmp_path)


UNIT_MISTAKES = [
    ("- unit: xa-a", "- unit: xa-aa", ["14: cac-xa: unknown unit 'xa-aa'; did you mean 'xa-a'?"]),
    ("- group: cac-xa", "- group: nhom", ["18: tat-ca: unknown group 'nhom'; add it to this file's groups"]),
    (
        "- unit: xa-a",
        "- group: tat-ca",
        ["11: cac-xa: the group contains itself (cac-xa > tat-ca > cac-xa); take one of them out"],
    ),
    (
        "- unit: xa-a",
        "- group: cac-xa",
        ["11: cac-xa: the group contains itself (cac-xa > cac-xa); take one of them out"],
    ),
    ("slug: cac-xa", "slug: xa-a", ["11: xa-a: the slug 'xa-a' stands twice (first on line 2); keep one of them"]),
    (
        "- unit: xa-a",
        "- {unit: xa-a, group: tat-ca}",
        ["14: cac-xa: a member is either a unit or a group; name one of the two"],
    ),
    (
        "- unit: xa-a",
        "- {unit: xa-a, from: 2025-07-01, to: 2025-06-30}",
        ["14: cac-xa: it ends (2025-06-30) before it begins (2025-07-01); swap or mend the dates"],
    ),
    (
        "kind: xa",
        "kind: lang",
        [
            (
                "5: xa-a: 'lang' is not known here; write one of: 'ubnd-huyen', 'phong', 'xa', 'so', 'don-vi', "
                "'mat-tran', 'doan-the' or 'ngan-hang'"
            )
        ],
    ),
    ("kind: xa", "kind: xa\n    subordinate: maybe", ["6: xa-a: 'maybe' is neither true nor false; write one of them"]),
]


@pytest.mark.parametrize(("old", "new", "expected"), UNIT_MISTAKES)
def test_a_mistake_in_the_units_is_told_with_line_and_mend(tmp_path, old, new, expected):
    told = refusal(read_units, tmp_path / "units.yaml", edited(UNITS, old, new))
    assert expected[0] in told


BAD_ADDRESSES = [
    # A line break would let a mail's header be continued by its address.
    '"xa-a@thu.example\\nBcc: other@thu.example"',
    '"xa-a@thu.example\\n"',
    "xa a@thu.example",
    '" xa-a@thu.example"',
    "xa-a@thu",
    "xa-a",
    "a@b.example, c@d.example",
    "Xã A <xa-a@thu.example>",
    "xã-a@thu.example",
    "xa..a@thu.example",
]


@pytest.mark.parametrize("address", BAD_ADDRESSES)
def test_an_address_that_is_not_one_plain_address_is_refused(tmp_path, address):
    told = refusal(read_units, tmp_path / "units.yaml", edited(UNITS, "dau-moi.xa-a@thu.example", address))
    assert len(told) == 1
    assert told[0].startswith("8: xa-a: ")
    assert told[0].endswith("cannot stand here; write one plain address, without spaces or line breaks")


@pytest.mark.parametrize(("read", "name"), [(read_plan, "plan.yaml"), (read_units, "units.yaml")])
def test_a_file_in_decomposed_unicode_is_read_as_the_same_file(tmp_path, read, name):
    text = (KONRAY / name).read_text("utf-8")
    decomposed = unicodedata.normalize("NFD", text)
    assert decomposed != text
    (tmp_path / name).write_text(decomposed, "utf-8")
    assert read(tmp_path / name) == read(KONRAY / name)


def test_a_byte_order_mark_and_windows_line_ends_are_accepted(tmp_path):
    path = tmp_path / "plan.yaml"
    path.write_bytes(PLAN.encode())
    expected = read_plan(path)
    path.write_bytes(b"\xef\xbb\xbf" + PLAN.replace("\n", "\r\n").encode())
    assert read_plan(path) == expected
