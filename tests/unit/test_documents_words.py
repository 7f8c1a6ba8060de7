import pytest

from documents.words import (
    ACTIVITY_COLUMNS,
    ACTIVITY_FORMS,
    FAULTS,
    MONEY_COLUMNS,
    MONEY_SOURCES,
    NARRATIVES,
    fault_words,
    form_named,
)
from rules.reports import ACTIVITY_FIELDS, MONEY_FIELDS, ActivityForm, Fault, FaultKind, MoneySource, Narrative


def test_everything_has_its_words_in_its_order():
    assert list(ACTIVITY_FORMS) == list(ActivityForm)
    assert list(NARRATIVES) == list(Narrative)
    assert list(MONEY_SOURCES) == list(MoneySource)
    assert tuple(ACTIVITY_COLUMNS) == ACTIVITY_FIELDS
    assert tuple(MONEY_COLUMNS) == MONEY_FIELDS
    assert list(FAULTS) == list(FaultKind)


def test_no_two_forms_are_called_the_same():
    assert [form_named(words.upper()) for words in ACTIVITY_FORMS.values()] == list(ActivityForm)


@pytest.mark.parametrize("kind", FaultKind)
def test_a_fault_says_what_to_do(kind):
    words = fault_words(Fault(field="results", kind=kind, value="{x} 12%"))
    assert "đề nghị" in words
    assert "{value}" not in words
