"""Workspaces that installed us by themselves."""

import sqlalchemy as sa
from alembic import op

import storage.instants

revision = "0005_serves_0003"
down_revision = "0004_serves_0003"


def _instant() -> storage.instants.Instant:
    return storage.instants.Instant(timezone=True)


def upgrade() -> None:
    """Add; the release before goes on without."""
    op.create_table(
        "installations",
        sa.Column("workspace", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("bot_user_id", sa.String(length=64), nullable=False),
        sa.Column("app_id", sa.String(length=64), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("secrets", sa.Text(), nullable=False),
        sa.Column("expires_at", _instant(), nullable=True),
        sa.Column("rotating_until", _instant(), nullable=True),
        sa.Column("installed_at", _instant(), nullable=False),
        sa.Column("installed_by", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("workspace", name=op.f("pk_installations")),
    )
