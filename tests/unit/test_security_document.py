"""docs/security.md promises tests by name: a renamed or removed one must be noticed."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text("utf-8")


def test_each_test_that_the_security_page_names_exists():
    named = set(re.findall(r"`(test_\w+)`", PAGE))
    there = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^(?:async )?def (test_\w+)", path.read_text("utf-8"), re.MULTILINE)
    }
    assert len(named) > 60
    assert named - there == set()


def test_each_threat_has_a_test():
    rows = [line for line in PAGE.partition("## Threats")[2].partition("## What is not")[0].splitlines() if "|" in line]
    threats = [row for row in rows if not row.startswith(("| threat", "|---"))]
    assert len(threats) > 40
    assert [row for row in threats if "`test_" not in row.rsplit("|", 2)[1]] == []


def test_each_module_that_the_security_page_names_exists():
    assert [path for path in re.findall(r"`((?:\w+/)+\w+\.py)`", PAGE) if not (ROOT / path).exists()] == []
