"""Tickets, features and visits: what somebody is asked about, more than once if it happens again."""

import sqlalchemy as sa
from alembic import op

import storage.instants

revision = "0008_serves_0003"
down_revision = "0007_serves_0003"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _instant() -> storage.instants.Instant:
    return storage.instants.Instant(timezone=True)


def upgrade() -> None:
    """Add; the release before goes on without."""
    _ask_again()
    _tables()


def _ask_again() -> None:
    """Somebody can be asked once an occasion, where it was once a round."""
    with op.batch_alter_table("invitations") as table:
        table.add_column(
            sa.Column(
                "occasion", sa.String(length=255), server_default=sa.text("''"), nullable=False
            )
        )
        table.add_column(sa.Column("closes_at", _instant(), nullable=True))
        table.add_column(
            sa.Column("at_once", sa.Boolean(), server_default=sa.text("false"), nullable=False)
        )
        table.drop_constraint("uq_invitations_campaign_id_person_id", type_="unique")
        table.create_unique_constraint(
            "uq_invitations_campaign_id_person_id_occasion",
            ["campaign_id", "person_id", "occasion"],
        )
    op.create_index(
        "ix_invitations_closes_at",
        "invitations",
        ["closes_at"],
        postgresql_where=sa.text("closes_at IS NOT NULL AND state IN ('pending', 'sent')"),
        sqlite_where=sa.text("closes_at IS NOT NULL AND state IN ('pending', 'sent')"),
    )
    op.create_index(
        "uq_invitations_occasion",
        "invitations",
        ["campaign_id", "occasion"],
        unique=True,
        postgresql_where=sa.text("occasion <> ''"),
        sqlite_where=sa.text("occasion <> ''"),
    )
    op.create_index("ix_invitations_pressed_at", "invitations", ["campaign_id", "pressed_at"])
    if op.get_bind().dialect.name == "sqlite":
        lost = op.get_bind().exec_driver_sql("PRAGMA foreign_key_check").fetchall()
        if lost:
            raise sa.exc.IntegrityError("PRAGMA foreign_key_check", None, ValueError(str(lost)))


def _tables() -> None:
    op.create_table(
        "branches",
        sa.Column("id", sa.String(length=50), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("created_at", _instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_branches")),
    )
    op.create_table(
        "idempotency",
        sa.Column("caller", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("request", sa.String(length=64), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("media_type", sa.String(length=64), nullable=True),
        sa.Column("location", sa.Text(), nullable=True),
        sa.Column("at", _instant(), nullable=False),
        sa.PrimaryKeyConstraint("caller", "key", name=op.f("pk_idempotency")),
    )
    op.create_index(op.f("ix_idempotency_at"), "idempotency", ["at"], unique=False)
    op.create_table(
        "products",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("created_at", _instant(), nullable=False),
        sa.Column("updated_at", _instant(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_products")),
    )
    op.create_table(
        "ticket_events",
        sa.Column("source", sa.String(length=32), nullable=False),
        sa.Column("event", sa.String(length=255), nullable=False),
        sa.Column("received_at", _instant(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=True),
        sa.Column("handled_at", _instant(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("source", "event", name=op.f("pk_ticket_events")),
    )
    op.create_index(
        "ix_ticket_events_waiting",
        "ticket_events",
        ["received_at"],
        unique=False,
        postgresql_where=sa.text("handled_at IS NULL"),
        sqlite_where=sa.text("handled_at IS NULL"),
    )
    op.create_table(
        "features",
        sa.Column("id", _ID, nullable=False),
        sa.Column("product_key", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("interaction_threshold", sa.Integer(), nullable=False),
        sa.Column("rejection_threshold", sa.Integer(), nullable=False),
        sa.Column("ask_in_chat", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("by_program", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("created_at", _instant(), nullable=False),
        sa.Column("updated_at", _instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["product_key"], ["products.key"], name=op.f("fk_features_product_key")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_features")),
        sa.UniqueConstraint("product_key", "key", name=op.f("uq_features_product_key_key")),
    )
    op.create_table(
        "staff",
        sa.Column("id", _ID, nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("branch_id", sa.String(length=50), nullable=False),
        sa.Column("created_at", _instant(), nullable=False),
        sa.ForeignKeyConstraint(["branch_id"], ["branches.id"], name=op.f("fk_staff_branch_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff")),
        sa.UniqueConstraint("branch_id", "name", name=op.f("uq_staff_branch_id_name")),
    )
    op.create_table(
        "archived",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("invitation_id", sa.Uuid(), nullable=False),
        sa.Column("of_press", _instant(), nullable=False),
        sa.Column("due_at", _instant(), nullable=False),
        sa.Column("tries", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("path", sa.Text(), nullable=True),
        sa.Column("written_at", _instant(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["invitation_id"],
            ["invitations.id"],
            name=op.f("fk_archived_invitation_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_archived")),
        sa.UniqueConstraint(
            "invitation_id", "of_press", name=op.f("uq_archived_invitation_id_of_press")
        ),
    )
    op.create_index(
        "ix_archived_due_at",
        "archived",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("written_at IS NULL"),
        sqlite_where=sa.text("written_at IS NULL"),
    )
    op.create_table(
        "customers",
        sa.Column("id", _ID, nullable=False),
        sa.Column("person_id", _ID, nullable=True),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("mobile", sa.String(length=40), nullable=True),
        sa.Column("email_consent", sa.Boolean(), nullable=False),
        sa.Column("taken_by", sa.String(length=64), server_default=sa.text("''"), nullable=False),
        sa.Column("purpose_of_visit", sa.String(length=255), nullable=False),
        sa.Column("branch_id", sa.String(length=50), nullable=False),
        sa.Column("staff_id", _ID, nullable=False),
        sa.Column("invitation_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", _instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["branch_id"], ["branches.id"], name=op.f("fk_customers_branch_id")
        ),
        sa.ForeignKeyConstraint(
            ["invitation_id"],
            ["invitations.id"],
            name=op.f("fk_customers_invitation_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_customers_person_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_customers_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customers")),
    )
    op.create_index(
        op.f("ix_customers_invitation_id"), "customers", ["invitation_id"], unique=False
    )
    op.create_index(op.f("ix_customers_person_id"), "customers", ["person_id"], unique=False)
    op.create_table(
        "feature_feedbacks",
        sa.Column("invitation_id", sa.Uuid(), nullable=False),
        sa.Column("feature_id", _ID, nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("user_agent", sa.Text(), nullable=True),
        sa.Column("created_at", _instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["feature_id"], ["features.id"], name=op.f("fk_feature_feedbacks_feature_id")
        ),
        sa.ForeignKeyConstraint(
            ["invitation_id"],
            ["invitations.id"],
            name=op.f("fk_feature_feedbacks_invitation_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("invitation_id", name=op.f("pk_feature_feedbacks")),
    )
    op.create_index(
        "ix_feature_feedbacks_feature_id",
        "feature_feedbacks",
        ["feature_id", "created_at"],
        unique=False,
    )
    op.create_table(
        "follow_ups",
        sa.Column("invitation_id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", _ID, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("mark", sa.SmallInteger(), nullable=False),
        sa.Column("opened_at", _instant(), nullable=False),
        sa.Column("taken_by", _ID, nullable=True),
        sa.Column("taken_at", _instant(), nullable=True),
        sa.Column("done_at", _instant(), nullable=True),
        sa.Column("note", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_follow_ups_campaign_id")
        ),
        sa.ForeignKeyConstraint(
            ["invitation_id"],
            ["invitations.id"],
            name=op.f("fk_follow_ups_invitation_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["taken_by"], ["people.id"], name=op.f("fk_follow_ups_taken_by"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("invitation_id", name=op.f("pk_follow_ups")),
    )
    op.create_index("ix_follow_ups_state", "follow_ups", ["state", "opened_at"], unique=False)
    op.create_table(
        "insights",
        sa.Column("invitation_id", sa.Uuid(), nullable=False),
        sa.Column("sentiment", sa.String(length=16), nullable=False),
        sa.Column("sentiment_source", sa.String(length=32), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("summary_source", sa.String(length=32), nullable=False),
        sa.Column("of_press", _instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["invitation_id"],
            ["invitations.id"],
            name=op.f("fk_insights_invitation_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("invitation_id", name=op.f("pk_insights")),
    )
    op.create_table(
        "interactions",
        sa.Column("feature_id", _ID, nullable=False),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("interaction_count", sa.Integer(), nullable=False),
        sa.Column("total_interaction_count", sa.Integer(), nullable=False),
        sa.Column("rejection_count", sa.Integer(), nullable=False),
        sa.Column("last_feedback_at", _instant(), nullable=True),
        sa.Column("asked_at", _instant(), nullable=True),
        sa.Column("created_at", _instant(), nullable=False),
        sa.Column("updated_at", _instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["feature_id"], ["features.id"], name=op.f("fk_interactions_feature_id")
        ),
        sa.PrimaryKeyConstraint("feature_id", "email", name=op.f("pk_interactions")),
    )
    op.create_index("ix_interactions_email", "interactions", ["email"], unique=False)
    op.create_index(
        "ix_interactions_asked_at",
        "interactions",
        ["asked_at"],
        unique=False,
        postgresql_where=sa.text("asked_at IS NOT NULL"),
        sqlite_where=sa.text("asked_at IS NOT NULL"),
    )
    op.create_table(
        "occasions",
        sa.Column("invitation_id", sa.Uuid(), nullable=False),
        sa.Column("happened_at", _instant(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["invitation_id"],
            ["invitations.id"],
            name=op.f("fk_occasions_invitation_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("invitation_id", name=op.f("pk_occasions")),
    )
    op.create_table(
        "tickets",
        sa.Column("id", _ID, nullable=False),
        sa.Column("source", sa.String(length=32), nullable=False),
        sa.Column("number", sa.String(length=190), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("state_at", _instant(), nullable=False),
        sa.Column("resolved_at", _instant(), nullable=True),
        sa.Column("person_id", _ID, nullable=True),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("resolved_by", sa.Text(), nullable=False),
        sa.Column("invitation_id", sa.Uuid(), nullable=True),
        sa.Column("outcome", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.ForeignKeyConstraint(
            ["invitation_id"],
            ["invitations.id"],
            name=op.f("fk_tickets_invitation_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_tickets_person_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tickets")),
        sa.UniqueConstraint("invitation_id", name=op.f("uq_tickets_invitation_id")),
        sa.UniqueConstraint("source", "number", name=op.f("uq_tickets_source_number")),
    )
    op.create_index(op.f("ix_tickets_person_id"), "tickets", ["person_id"], unique=False)
    op.create_index(
        "ix_tickets_outcome",
        "tickets",
        ["id"],
        unique=False,
        postgresql_where=sa.text("outcome = 'to be withdrawn'"),
        sqlite_where=sa.text("outcome = 'to be withdrawn'"),
    )
