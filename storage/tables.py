"""The tables, as they are now; migrations make them."""

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
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
from storage.tables_beside import (
    administrator_pins,
    api_keys,
    audit_log,
    erasures,
    heard,
    installations,
    lanes,
    listeners,
    sandbox_messages,
)
from storage.tables_figures import (
    released_groups,
    released_totals,
    responses,
    steps,
    totals,
)
from storage.tables_moments import (
    archived,
    branches,
    customers,
    feature_feedbacks,
    features,
    follow_ups,
    idempotency,
    insights,
    interactions,
    occasions,
    products,
    staff,
    ticket_events,
    tickets,
)

__all__ = [
    "addresses",
    "administrator_pins",
    "api_keys",
    "archived",
    "audit_log",
    "branches",
    "campaign_keys",
    "campaigns",
    "cohorts",
    "consents",
    "customers",
    "deliveries",
    "erasures",
    "feature_feedbacks",
    "features",
    "follow_ups",
    "heard",
    "idempotency",
    "insights",
    "installations",
    "interactions",
    "invitations",
    "lanes",
    "listeners",
    "metadata",
    "occasions",
    "opt_outs",
    "people",
    "products",
    "released_groups",
    "released_totals",
    "responses",
    "sandbox_messages",
    "schedules",
    "set_aside",
    "staff",
    "steps",
    "suppressions",
    "ticket_events",
    "tickets",
    "totals",
]

people = Table(
    "people",
    metadata,
    Column("id", Id, primary_key=True),
    Column("email", String(320), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("timezone", String(64)),
    Column("locale", String(35)),
    Column("attributes", Text, nullable=False, server_default="{}"),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    # Where the roster has them from: csv, backstage, …; one source never prunes another's people.
    Column("source", String(32)),
    # Whether they prefer one menu to eleven buttons.
    Column("compact", Boolean, nullable=False, server_default=text("false")),
    # In which language they chose to be spoken to; no roster writes it, and it wins over locale.
    Column("language", String(35)),
    # On which platform they want to be asked before all others.
    Column("channel", String(32)),
    # Local dates of theirs: until which they asked for silence, and when they are away.
    Column("snoozed_until", Date),
    Column("away_from", Date),
    Column("away_until", Date),
    Column("left_at", Instant),
    # Forgotten: the row stands for its answers, and says nothing about anybody.
    Column("erased_at", Instant),
)

addresses = Table(
    "addresses",
    metadata,
    Column("platform", String(32), primary_key=True),
    Column("workspace", String(64), primary_key=True),
    Column("user_id", String(320), primary_key=True),
    Column("person_id", ForeignKey("people.id", ondelete="CASCADE"), nullable=False, index=True),
)

opt_outs = Table(
    "opt_outs",
    metadata,
    Column("person_id", ForeignKey("people.id", ondelete="CASCADE"), primary_key=True),
    # An empty name stands for every survey.
    Column("survey", String(64), primary_key=True),
    Column("at", Instant, nullable=False),
)

# What people said on being asked; lines are added and never changed. `opt_outs` is what stands.
consents = Table(
    "consents",
    metadata,
    Column("id", Id, primary_key=True),
    Column("person_id", ForeignKey("people.id", ondelete="CASCADE"), nullable=False, index=True),
    # An empty name stands for every survey.
    Column("survey", String(64), nullable=False),
    Column("may_ask", Boolean, nullable=False),
    Column("how", String(64), nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", Instant, nullable=False),
)

# Mailboxes that are not written to.
suppressions = Table(
    "suppressions",
    metadata,
    Column("email", String(320), primary_key=True),
    Column("cause", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", Instant, nullable=False),
)

campaigns = Table(
    "campaigns",
    metadata,
    Column("id", Id, primary_key=True),
    Column("survey", String(64), nullable=False),
    Column("period", String(16), nullable=False),
    Column("definition", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("closes_at", Instant, nullable=False),
    Column("closing_at", Instant),
    Column("closed_at", Instant),
    Column("invited", Integer, nullable=False, server_default="0"),
    Column("reached", Integer, nullable=False, server_default="0"),
    Column("at_once", Boolean, nullable=False, server_default=text("false")),
    UniqueConstraint("survey", "period"),
)
Index(
    "uq_campaigns_one_open",
    campaigns.c.survey,
    unique=True,
    postgresql_where=campaigns.c.state.in_(["running", "paused"]),
    sqlite_where=campaigns.c.state.in_(["running", "paused"]),
)

schedules = Table(
    "schedules",
    metadata,
    Column("survey", String(64), primary_key=True),
    Column("cron", Text, nullable=False),
    Column("timezone", String(64), nullable=False),
    # Times up to here are dealt with: whoever moves it on in the round's own transaction starts it.
    Column("handled_until", Instant, nullable=False),
    Column("outcome", Text),
)

campaign_keys = Table(
    "campaign_keys",
    metadata,
    Column("campaign_id", ForeignKey("campaigns.id"), primary_key=True),
    Column("key", LargeBinary(32), nullable=False),
)

cohorts = Table(
    "cohorts",
    metadata,
    Column("campaign_id", ForeignKey("campaigns.id"), primary_key=True),
    Column("cohort", Integer, primary_key=True, autoincrement=False),
    Column("attributes", Text, nullable=False),
)

invitations = Table(
    "invitations",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("campaign_id", ForeignKey("campaigns.id"), nullable=False),
    Column("person_id", ForeignKey("people.id"), nullable=False, index=True),
    Column("cohort", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("first_contact", Boolean, nullable=False, server_default=text("false")),
    Column("asked_at", Instant, nullable=False),
    # How many messages about it went out; a press changes all of them.
    Column("messages", SmallInteger, nullable=False, server_default="1"),
    # Which question of the year it is to this person.
    Column("ask_number", SmallInteger),
    Column("pressed_at", Instant),
    # What it is about, where a person can be asked more than once: a ticket, a visit, a feature.
    Column("occasion", String(255), nullable=False, server_default=text("''")),
    # Its own close, where its round has none.
    Column("closes_at", Instant),
    # Whether its first message waits for nobody's window; its round can say so too.
    Column("at_once", Boolean, nullable=False, server_default=text("false")),
    UniqueConstraint("campaign_id", "person_id", "occasion"),
)
Index("ix_invitations_pressed_at", invitations.c.campaign_id, invitations.c.pressed_at)
# What closes by itself and is still open.
Index(
    "ix_invitations_closes_at",
    invitations.c.closes_at,
    postgresql_where=text("closes_at IS NOT NULL AND state IN ('pending', 'sent')"),
    sqlite_where=text("closes_at IS NOT NULL AND state IN ('pending', 'sent')"),
)
# Nobody is asked about the same thing twice, whoever it is told of.
Index(
    "uq_invitations_occasion",
    invitations.c.campaign_id,
    invitations.c.occasion,
    unique=True,
    postgresql_where=text("occasion <> ''"),
    sqlite_where=text("occasion <> ''"),
)

# Answers that are not counted: whether a person gave them is not known.
set_aside = Table(
    "set_aside",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("invitation_id", ForeignKey("invitations.id"), nullable=False),
    # Goes when the round is over: nothing can count it any more.
    Column("score", SmallInteger),
    Column("at", Instant, nullable=False),
    Column("why", String(16), nullable=False),
    # When it counts by itself; never without.
    Column("counts_at", Instant),
    UniqueConstraint("invitation_id", "score"),
)
Index(
    "ix_set_aside_counts_at",
    set_aside.c.counts_at,
    postgresql_where=text("counts_at IS NOT NULL"),
    sqlite_where=text("counts_at IS NOT NULL"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("invitation_id", ForeignKey("invitations.id"), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("target_id", ForeignKey("deliveries.id")),
    Column("platform", String(32), nullable=False),
    Column("workspace", String(64), nullable=False),
    Column("user_id", String(320), nullable=False),
    Column("state", String(16), nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("lease_until", Instant),
    # The fence: how often it was claimed.
    Column("attempt", Integer, nullable=False, server_default="0"),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("channel_ref", Text),
    Column("message_ref", Text),
    Column("sent_at", Instant),
    Column("reason", Text),
    UniqueConstraint("invitation_id", "kind", "ordinal"),
)
Index(
    "ix_deliveries_due",
    deliveries.c.platform,
    deliveries.c.workspace,
    deliveries.c.due_at,
    postgresql_where=deliveries.c.state == "planned",
    sqlite_where=deliveries.c.state == "planned",
)
Index(
    "ix_deliveries_under_way",
    deliveries.c.lease_until,
    postgresql_where=deliveries.c.state.in_(["sending", "unknown"]),
    sqlite_where=deliveries.c.state.in_(["sending", "unknown"]),
)
