"""The tables of what happens: tickets, features and visits. `storage.tables` has all."""

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from storage.instants import Instant
from storage.metadata import Id, metadata

# What an invitation is about, where something that happened brought it.
occasions = Table(
    "occasions",
    metadata,
    Column("invitation_id", ForeignKey("invitations.id", ondelete="CASCADE"), primary_key=True),
    Column("happened_at", Instant, nullable=False),
    # JSON, word → word: what the message tells of it. Goes with the person.
    Column("details", Text, nullable=False),
)

# What helpdesks sent, as it was taken: one line an event, in their order once it was handled.
ticket_events = Table(
    "ticket_events",
    metadata,
    Column("source", String(32), primary_key=True),
    Column("event", String(255), primary_key=True),
    Column("received_at", Instant, nullable=False),
    # JSON; goes when it was handled.
    Column("payload", Text),
    Column("handled_at", Instant),
    Column("outcome", Text),
)
Index(
    "ix_ticket_events_waiting",
    ticket_events.c.received_at,
    postgresql_where=text("handled_at IS NULL"),
    sqlite_where=text("handled_at IS NULL"),
)

tickets = Table(
    "tickets",
    metadata,
    Column("id", Id, primary_key=True),
    Column("source", String(32), nullable=False),
    Column("number", String(190), nullable=False),
    Column("state", String(16), nullable=False),
    # When the helpdesk says that it came into this state: what happened before changes nothing.
    Column("state_at", Instant, nullable=False),
    Column("resolved_at", Instant),
    Column("person_id", ForeignKey("people.id", ondelete="SET NULL"), index=True),
    Column("subject", Text, nullable=False),
    Column("category", Text, nullable=False),
    Column("resolved_by", Text, nullable=False),
    Column(
        "invitation_id",
        ForeignKey("invitations.id", ondelete="SET NULL"),
        unique=True,
    ),
    # Why nobody is asked about it; empty where somebody is.
    Column("outcome", Text, nullable=False, server_default=text("''")),
    UniqueConstraint("source", "number"),
)
# What is left to do where nothing that waits leads to it.
Index(
    "ix_tickets_outcome",
    tickets.c.id,
    postgresql_where=text("outcome = 'to be withdrawn'"),
    sqlite_where=text("outcome = 'to be withdrawn'"),
)

# Low marks that somebody looks after.
follow_ups = Table(
    "follow_ups",
    metadata,
    Column("invitation_id", ForeignKey("invitations.id", ondelete="CASCADE"), primary_key=True),
    Column("campaign_id", ForeignKey("campaigns.id"), nullable=False),
    Column("state", String(16), nullable=False),
    # The mark that alerted; a worse one alerts again.
    Column("mark", SmallInteger, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("taken_by", ForeignKey("people.id", ondelete="SET NULL")),
    Column("taken_at", Instant),
    Column("done_at", Instant),
    Column("note", Text, nullable=False, server_default=text("''")),
)
Index("ix_follow_ups_state", follow_ups.c.state, follow_ups.c.opened_at)

products = Table(
    "products",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("name", Text, nullable=False),
    # False for what the settings name no more.
    Column("active", Boolean, nullable=False, server_default=text("true")),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
)

features = Table(
    "features",
    metadata,
    Column("id", Id, primary_key=True),
    Column("product_key", ForeignKey("products.key"), nullable=False),
    Column("key", String(64), nullable=False),
    Column("name", Text),
    Column("description", Text),
    Column("interaction_threshold", Integer, nullable=False),
    Column("rejection_threshold", Integer, nullable=False),
    Column("ask_in_chat", Boolean, nullable=False, server_default=text("false")),
    # Whether a program made it: the settings need not name it.
    Column("by_program", Boolean, nullable=False, server_default=text("false")),
    # False for what the settings name no more: its figures stay.
    Column("active", Boolean, nullable=False, server_default=text("true")),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    UniqueConstraint("product_key", "key"),
)

# How often somebody used a feature; by e-mail, for most of them are never asked.
interactions = Table(
    "interactions",
    metadata,
    Column("feature_id", ForeignKey("features.id"), primary_key=True),
    Column("email", String(320), primary_key=True),
    Column("interaction_count", Integer, nullable=False),
    Column("total_interaction_count", Integer, nullable=False),
    Column("rejection_count", Integer, nullable=False),
    Column("last_feedback_at", Instant),
    # When they were last to be asked in chat: two increments at once ask one question.
    Column("asked_at", Instant),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
)
Index("ix_interactions_email", interactions.c.email)
Index(
    "ix_interactions_asked_at",
    interactions.c.asked_at,
    postgresql_where=text("asked_at IS NOT NULL"),
    sqlite_where=text("asked_at IS NOT NULL"),
)

# Answers about features that programs brought, in addition to the response itself.
feature_feedbacks = Table(
    "feature_feedbacks",
    metadata,
    Column("invitation_id", ForeignKey("invitations.id", ondelete="CASCADE"), primary_key=True),
    Column("feature_id", ForeignKey("features.id"), nullable=False),
    Column("source", String(16), nullable=False),
    Column("user_agent", Text),
    Column("created_at", Instant, nullable=False),
)
Index(
    "ix_feature_feedbacks_feature_id",
    feature_feedbacks.c.feature_id,
    feature_feedbacks.c.created_at,
)

branches = Table(
    "branches",
    metadata,
    Column("id", String(50), primary_key=True),
    Column("name", String(255), nullable=False),
    Column("created_at", Instant, nullable=False),
)

staff = Table(
    "staff",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(255), nullable=False),
    Column("branch_id", ForeignKey("branches.id"), nullable=False),
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("branch_id", "name"),
)

# Visits, a line each: who was there said whether they may be asked about it.
customers = Table(
    "customers",
    metadata,
    Column("id", Id, primary_key=True),
    Column("person_id", ForeignKey("people.id", ondelete="SET NULL"), index=True),
    # Empty once they were forgotten.
    Column("name", String(255), nullable=False),
    Column("email", String(320), nullable=False),
    Column("mobile", String(40)),
    Column("email_consent", Boolean, nullable=False),
    # Who wrote it down: the name of a key.
    Column("taken_by", String(64), nullable=False, server_default=text("''")),
    Column("purpose_of_visit", String(255), nullable=False),
    Column("branch_id", ForeignKey("branches.id"), nullable=False),
    Column("staff_id", ForeignKey("staff.id"), nullable=False),
    # The latest survey about this visit.
    Column("invitation_id", ForeignKey("invitations.id", ondelete="SET NULL"), index=True),
    Column("created_at", Instant, nullable=False),
)

# What is said of an answer by others than whoever gave it, and where from.
insights = Table(
    "insights",
    metadata,
    Column("invitation_id", ForeignKey("invitations.id", ondelete="CASCADE"), primary_key=True),
    Column("sentiment", String(16), nullable=False),
    Column("sentiment_source", String(32), nullable=False),
    Column("summary", Text, nullable=False),
    Column("summary_source", String(32), nullable=False),
    # Which answer it is about: a later one is looked at anew.
    Column("of_press", Instant, nullable=False),
)

# Answers on their way into the archive: written at least once each, under one name.
archived = Table(
    "archived",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("invitation_id", ForeignKey("invitations.id", ondelete="CASCADE"), nullable=False),
    Column("of_press", Instant, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("tries", SmallInteger, nullable=False, server_default="0"),
    # Where it is: the path in the archive.
    Column("path", Text),
    Column("written_at", Instant),
    Column("reason", Text),
    UniqueConstraint("invitation_id", "of_press"),
)
Index(
    "ix_archived_due_at",
    archived.c.due_at,
    postgresql_where=text("written_at IS NULL"),
    sqlite_where=text("written_at IS NULL"),
)

# What was answered to a request that carried a key of its own: asked again, it is told again.
idempotency = Table(
    "idempotency",
    metadata,
    Column("caller", String(64), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("request", String(64), nullable=False),
    # None while the first of them is under way.
    Column("status", SmallInteger),
    Column("body", Text),
    Column("media_type", String(64)),
    Column("location", Text),
    Column("at", Instant, nullable=False, index=True),
)
