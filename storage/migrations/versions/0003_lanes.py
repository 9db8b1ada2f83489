"""Lanes: how fast each workspace of a platform is written to."""

import sqlalchemy as sa
from alembic import op

import storage.instants

revision = "0003"
down_revision = "0002"

_PLANNED = sa.text("state = 'planned'")


def _instant() -> storage.instants.Instant:
    return storage.instants.Instant(timezone=True)


def upgrade() -> None:
    """Add; the index by which deliveries are claimed begins with their workspace."""
    op.create_table(
        "lanes",
        sa.Column("platform", sa.String(length=32), nullable=False),
        sa.Column("workspace", sa.String(length=64), nullable=False),
        sa.Column("method", sa.String(length=16), nullable=False),
        sa.Column("tokens", sa.Float(), nullable=False),
        sa.Column("filled_at", _instant(), nullable=False),
        sa.Column("closed_until", _instant(), nullable=True),
        sa.Column("trouble", sa.Integer(), server_default="0", nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("platform", "workspace", "method", name=op.f("pk_lanes")),
    )
    op.add_column(
        "deliveries", sa.Column("tries", sa.Integer(), server_default="0", nullable=False)
    )
    op.drop_index("ix_deliveries_due", table_name="deliveries")
    op.create_index(
        "ix_deliveries_due",
        "deliveries",
        ["platform", "workspace", "due_at"],
        postgresql_where=_PLANNED,
        sqlite_where=_PLANNED,
    )
