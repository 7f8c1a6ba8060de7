"""Files: what units attach to a report, and the outlines and forms that the office attaches to a duty."""

from datetime import datetime

from sqlmodel import Field, SQLModel


class StoredFile(SQLModel, table=True):
    """The bytes lie in the files folder under `stored_as`, a random name.

    A report's file has an `assignment_id`, and a `submission_id` once it was handed in; an outline has `plan_id` and
    `duty_key`.
    """

    id: int | None = Field(default=None, primary_key=True)
    stored_as: str = Field(unique=True)
    name: str
    kind: str
    size: int
    digest: str
    assignment_id: int | None = Field(default=None, foreign_key="assignment.id", index=True)
    submission_id: int | None = Field(default=None, foreign_key="submission.id")
    plan_id: int | None = Field(default=None, foreign_key="plan.id", index=True)
    duty_key: str = ""
    made_at: datetime
    actor: str
    removed_at: datetime | None = None
