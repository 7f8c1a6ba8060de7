"""Alembic's entry: runs on the connection that `models.migrating.migrate` hands over."""

from alembic import context
from sqlmodel import SQLModel

import models  # noqa: F401 - every table must be known before the comparison

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=SQLModel.metadata,
    render_as_batch=True,
    compare_type=True,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
