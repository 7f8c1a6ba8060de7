"""Bounces: a mail that came back, and a contact whom no mail reaches.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op


revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('contact', schema=None) as batch_op:
        batch_op.add_column(sa.Column('unreachable_since', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))
        batch_op.add_column(sa.Column('unreachable_why', sqlmodel.sql.sqltypes.AutoString(), nullable=False, server_default=''))
    _one_a_day("kind = 'morning' AND state IN ('stored', 'sending', 'sent', 'failed', 'bounced')")


def downgrade() -> None:
    _one_a_day("kind = 'morning' AND state IN ('stored', 'sending', 'sent', 'failed')")
    with op.batch_alter_table('contact', schema=None) as batch_op:
        batch_op.drop_column('unreachable_why')
        batch_op.drop_column('unreachable_since')


def _one_a_day(counted: str) -> None:
    """A mail that came back was its address's mail of the day: it counts in the index, too."""
    op.drop_index('uq_message_morning', table_name='message')
    op.create_index(
        'uq_message_morning', 'message', ['address', 'local_date'], unique=True,
        sqlite_where=sa.text(counted), postgresql_where=sa.text(counted),
    )
