"""How our words are stored: enumerations as their own short text, so that a new word needs no migration of a type."""

from enum import StrEnum
from typing import Any

from sqlalchemy import Enum


def stored(words: type[StrEnum]) -> Any:
    """Return the column type that keeps a StrEnum by its value, the same on SQLite and PostgreSQL."""
    return Enum(
        words,
        native_enum=False,
        create_constraint=False,
        length=24,
        values_callable=lambda kind: [str(member) for member in kind],
    )
