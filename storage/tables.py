"""The tables, as they are now; migrations make them."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from storage.instants import Instant

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite counts up by itself only in a column that says INTEGER.
_Id = BigInteger().with_variant(Integer(), "sqlite")

people = Table(
    "people",
    metadata,
    Column("id", _Id, primary_key=True),
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
    # Local dates of theirs: until which they asked for silence, and when they are away.
    Column("snoozed_until", Date),
    Column("away_from", Date),
    Column("away_until", Date),
    Column("left_at", Instant),
    # Forgotten: the row stands for its answers, and says nothing about anybody.
    Column("erased_at", Instant),
)

erasures = Table(
    "erasures",
    metadata,
    # A keyed digest of the e-mail, so that a roster does not bring back who asked to be forgotten.
    Column("digest", String(64), primary_key=True),
    Column("at", Instant, nullable=False),
    # Under which of the secret keys it was made: without that key it can't be compared.
    Column("key_mark", String(16), nullable=False),
)

administrator_pins = Table(
    "administrator_pins",
    metadata,
    Column("email", String(320), primary_key=True),
    Column("platform", String(32), primary_key=True),
    Column("workspace", String(64), primary_key=True),
    Column("user_id", String(320), nullable=False),
    Column("pinned_at", Instant, nullable=False),
    # Another account that has come with this e-mail since, until an operator confirms it.
    Column("claimed_by", String(320)),
)

audit_log = Table(
    "audit_log",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", String(64), nullable=False),
    Column("about", Text, nullable=False),
    # Over this row and the digest of the row before it.
    Column("digest", String(64), nullable=False, unique=True),
)

# Events of chats that were dealt with: what is delivered again has no effect.
heard = Table(
    "heard",
    metadata,
    Column("source", String(32), primary_key=True),
    Column("event", String(64), primary_key=True),
    Column("at", Instant, nullable=False, index=True),
)

# How far each chat was listened to: what was said since is fetched.
listeners = Table(
    "listeners",
    metadata,
    Column("source", String(32), primary_key=True),
    # In the chat's own time (milliseconds since 1970).
    Column("mark", BigInteger, nullable=False),
)

installations = Table(
    "installations",
    metadata,
    Column("workspace", String(64), primary_key=True),
    Column("name", Text, nullable=False),
    Column("bot_user_id", String(64), nullable=False),
    Column("app_id", String(64), nullable=False),
    Column("scopes", Text, nullable=False),
    Column("secrets", Text, nullable=False),
    Column("expires_at", Instant),
    Column("rotating_until", Instant),
    Column("installed_at", Instant, nullable=False),
    Column("installed_by", String(64), nullable=False),
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

campaigns = Table(
    "campaigns",
    metadata,
    Column("id", _Id, primary_key=True),
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
    UniqueConstraint("campaign_id", "person_id"),
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

# How fast each method of each workspace is used, by all processes together.
lanes = Table(
    "lanes",
    metadata,
    Column("platform", String(32), primary_key=True),
    Column("workspace", String(64), primary_key=True),
    Column("method", String(16), primary_key=True),
    Column("tokens", Float, nullable=False),
    Column("filled_at", Instant, nullable=False),
    # Nothing is claimed before: the platform asked for patience, or refuses us altogether.
    Column("closed_until", Instant),
    Column("trouble", Integer, nullable=False, server_default="0"),
    Column("reason", Text),
)

# No foreign keys here and in `totals`: a press writes both, has read the campaign in the same
# statement, and would pay for each check with a lock on the campaign's one row.
responses = Table(
    "responses",
    metadata,
    Column("campaign_id", _Id, primary_key=True, autoincrement=False),
    # The person's number in identified mode, a pseudonym otherwise.
    Column("respondent", String(64), primary_key=True),
    Column("cohort", Integer, nullable=False),
    Column("score", SmallInteger),
    Column("previous", SmallInteger),
    Column("comment", Text),
    # The release gate: what the figures have of this answer (survey/release.py).
    Column("waiting", Boolean, nullable=False),
    Column("released_score", SmallInteger),
    Column("entered_step", Integer),
    Column("changed_step", Integer),
)
Index(
    "ix_responses_waiting",
    responses.c.campaign_id,
    postgresql_where=text("waiting"),
    sqlite_where=text("waiting"),
)

totals = Table(
    "totals",
    metadata,
    Column("campaign_id", _Id, primary_key=True, autoincrement=False),
    Column("cohort", Integer, primary_key=True, autoincrement=False),
    # Several rows for one count, so that simultaneous presses do not queue for the same one.
    Column("shard", SmallInteger, primary_key=True, autoincrement=False),
    Column("score", SmallInteger, primary_key=True, autoincrement=False),
    Column("n", Integer, nullable=False),
    postgresql_with={"fillfactor": 50},
)

steps = Table(
    "steps",
    metadata,
    Column("campaign_id", ForeignKey("campaigns.id"), primary_key=True),
    Column("step", Integer, primary_key=True, autoincrement=False),
    Column("steady", Integer, nullable=False),
    Column("at", Instant, nullable=False),
)

released_totals = Table(
    "released_totals",
    metadata,
    Column("campaign_id", ForeignKey("campaigns.id"), primary_key=True),
    Column("cohort", Integer, primary_key=True, autoincrement=False),
    Column("score", SmallInteger, primary_key=True, autoincrement=False),
    Column("n", Integer, nullable=False),
)

released_groups = Table(
    "released_groups",
    metadata,
    Column("campaign_id", ForeignKey("campaigns.id"), primary_key=True),
    Column("attribute", Text, primary_key=True),
    Column("value", Text, primary_key=True),
)

sandbox_messages = Table(
    "sandbox_messages",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("delivery_id", Uuid, unique=True),
    Column("inbox", String(320), nullable=False, index=True),
    Column("thread_id", BigInteger),
    Column("author", String(16), nullable=False),
    Column("card", Text, nullable=False),
    Column("image", LargeBinary),
    Column("at", Instant, nullable=False),
    # Which press the message shows: an older one never goes over a newer one.
    Column("as_of", Instant),
    Column("edited", Boolean, nullable=False, server_default=text("false")),
    Column("attachment_name", Text),
    Column("attachment_type", Text),
    Column("attachment", LargeBinary),
)
