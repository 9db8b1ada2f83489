"""What e-mail and the page behind its links need."""

import sqlalchemy as sa
from alembic import op

import storage.instants

revision = "0007_serves_0003"
down_revision = "0006_serves_0003"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _instant() -> storage.instants.Instant:
    return storage.instants.Instant(timezone=True)


def upgrade() -> None:
    """Add; the release before goes on without."""
    op.add_column("people", sa.Column("channel", sa.String(length=32), nullable=True))
    op.create_table(
        "consents",
        sa.Column("id", _ID, nullable=False),
        sa.Column("person_id", _ID, nullable=False),
        sa.Column("survey", sa.String(length=64), nullable=False),
        sa.Column("may_ask", sa.Boolean(), nullable=False),
        sa.Column("how", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", _instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_consents_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consents")),
    )
    op.create_index(op.f("ix_consents_person_id"), "consents", ["person_id"])
    # Until now the chat was the only place to say so.
    op.execute(
        "INSERT INTO consents (person_id, survey, may_ask, how, reason, at) "
        "SELECT person_id, survey, false, 'in chat', '', at FROM opt_outs ORDER BY at"
    )
    op.create_table(
        "suppressions",
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("cause", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", _instant(), nullable=False),
        sa.PrimaryKeyConstraint("email", name=op.f("pk_suppressions")),
    )
    op.create_table(
        "api_keys",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("mark", sa.String(length=16), nullable=False),
        sa.Column("made_at", _instant(), nullable=False),
        sa.Column("revoked_at", _instant(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("digest", name=op.f("uq_api_keys_digest")),
    )
    op.create_table(
        "set_aside",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("invitation_id", sa.Uuid(), nullable=False),
        sa.Column("score", sa.SmallInteger(), nullable=True),
        sa.Column("at", _instant(), nullable=False),
        sa.Column("why", sa.String(length=16), nullable=False),
        sa.Column("counts_at", _instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["invitation_id"], ["invitations.id"], name=op.f("fk_set_aside_invitation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_set_aside")),
        sa.UniqueConstraint(
            "invitation_id", "score", name=op.f("uq_set_aside_invitation_id_score")
        ),
    )
    op.create_index(
        op.f("ix_set_aside_counts_at"),
        "set_aside",
        ["counts_at"],
        postgresql_where=sa.text("counts_at IS NOT NULL"),
        sqlite_where=sa.text("counts_at IS NOT NULL"),
    )
