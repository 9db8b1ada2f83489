"""What the roster, the contact policy, schedules and rights need."""

from typing import Any

import sqlalchemy as sa
from alembic import op

import storage.instants

revision = "0002"
down_revision = "0001"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _instant() -> storage.instants.Instant:
    return storage.instants.Instant(timezone=True)


def upgrade() -> None:
    """Add; what an older version reads stays as it is."""
    people: tuple[sa.Column[Any], ...] = (
        sa.Column("source", sa.String(length=32), nullable=True),
        sa.Column("snoozed_until", sa.Date(), nullable=True),
        sa.Column("away_from", sa.Date(), nullable=True),
        sa.Column("away_until", sa.Date(), nullable=True),
        sa.Column("left_at", _instant(), nullable=True),
        sa.Column("erased_at", _instant(), nullable=True),
    )
    for column in people:
        op.add_column("people", column)
    files: tuple[sa.Column[Any], ...] = (
        sa.Column("attachment_name", sa.Text(), nullable=True),
        sa.Column("attachment_type", sa.Text(), nullable=True),
        sa.Column("attachment", sa.LargeBinary(), nullable=True),
    )
    for column in files:
        op.add_column("sandbox_messages", column)
    # Invitations of the first version have one message; where it did not go out, none is updated.
    op.add_column(
        "invitations", sa.Column("messages", sa.SmallInteger(), server_default="1", nullable=False)
    )
    op.add_column("invitations", sa.Column("ask_number", sa.SmallInteger(), nullable=True))
    op.create_table(
        "erasures",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("at", _instant(), nullable=False),
        sa.Column("key_mark", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_erasures")),
    )
    op.create_table(
        "administrator_pins",
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("platform", sa.String(length=32), nullable=False),
        sa.Column("workspace", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=320), nullable=False),
        sa.Column("pinned_at", _instant(), nullable=False),
        sa.Column("claimed_by", sa.String(length=320), nullable=True),
        sa.PrimaryKeyConstraint(
            "email", "platform", "workspace", name=op.f("pk_administrator_pins")
        ),
    )
    op.create_table(
        "audit_log",
        sa.Column("id", _ID, nullable=False),
        sa.Column("at", _instant(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_log")),
        sa.UniqueConstraint("digest", name=op.f("uq_audit_log_digest")),
    )
    op.create_table(
        "schedules",
        sa.Column("survey", sa.String(length=64), nullable=False),
        sa.Column("cron", sa.Text(), nullable=False),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column("handled_until", _instant(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("survey", name=op.f("pk_schedules")),
    )
