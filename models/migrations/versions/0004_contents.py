"""The bytes of a mail that waits stand apart: its message's state changes often, and would rewrite them each time.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op


revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None

_MESSAGE = sa.table(
    'message', sa.column('id', sa.Integer), sa.column('state', sa.String), sa.column('content', sa.LargeBinary)
)
_CONTENT = sa.table('messagecontent', sa.column('message_id', sa.Integer), sa.column('content', sa.LargeBinary))


def upgrade() -> None:
    op.create_table('messagecontent',
    sa.Column('message_id', sa.Integer(), nullable=False),
    sa.Column('content', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['message_id'], ['message.id'], ),
    sa.PrimaryKeyConstraint('message_id')
    )
    waiting = sa.select(_MESSAGE.c.id, _MESSAGE.c.content).where(_MESSAGE.c.state.in_(['stored', 'sending']))
    op.execute(_CONTENT.insert().from_select(['message_id', 'content'], waiting))
    with op.batch_alter_table('message', schema=None) as batch_op:
        batch_op.drop_column('content')


def downgrade() -> None:
    with op.batch_alter_table('message', schema=None) as batch_op:
        batch_op.add_column(sa.Column('content', sa.LargeBinary(), nullable=False, server_default=sa.text("''")))
    kept = sa.select(_CONTENT.c.content).where(_CONTENT.c.message_id == _MESSAGE.c.id).scalar_subquery()
    held = _MESSAGE.c.id.in_(sa.select(_CONTENT.c.message_id))
    op.execute(_MESSAGE.update().where(held).values(content=kept))
    op.drop_table('messagecontent')
