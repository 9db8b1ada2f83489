"""What was heard in chats, and who prefers one menu to eleven buttons."""

import sqlalchemy as sa
from alembic import op

import storage.instants

revision = "0004_serves_0003"
down_revision = "0003"


def upgrade() -> None:
    """Add; the release before goes on without."""
    op.create_table(
        "heard",
        sa.Column("source", sa.String(length=32), nullable=False),
        sa.Column("event", sa.String(length=64), nullable=False),
        sa.Column("at", storage.instants.Instant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("source", "event", name=op.f("pk_heard")),
    )
    op.create_index(op.f("ix_heard_at"), "heard", ["at"])
    op.create_table(
        "listeners",
        sa.Column("source", sa.String(length=32), nullable=False),
        sa.Column("mark", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_listeners")),
    )
    op.add_column(
        "people",
        sa.Column("compact", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
