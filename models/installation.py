"""What this database is: made in earnest or as a rehearsal, and, in a rehearsal, what time it plays."""

from datetime import datetime
from enum import StrEnum

from sqlmodel import Field, SQLModel

from models.columns import stored


class Mode(StrEnum):
    """Chosen once, when the database is made."""

    EARNEST = "earnest"
    REHEARSAL = "rehearsal"


class Installation(SQLModel, table=True):
    """The only row (id 1) of its table."""

    id: int = Field(default=1, primary_key=True)
    mode: Mode = Field(sa_type=stored(Mode))
    clock: datetime | None = Field(default=None, description="the played time of a rehearsal, UTC")
    made_at: datetime
