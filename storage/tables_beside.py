"""The tables beside the rounds: of operators, programs and platforms. `storage.tables` has all."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    Uuid,
    text,
)

from storage.instants import Instant
from storage.metadata import Id, metadata

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
    Column("id", Id, primary_key=True),
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

# Keys of programs; what they consist of is known to their holders alone.
api_keys = Table(
    "api_keys",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("role", String(16), nullable=False),
    Column("digest", String(64), nullable=False, unique=True),
    Column("mark", String(16), nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("revoked_at", Instant),
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

sandbox_messages = Table(
    "sandbox_messages",
    metadata,
    Column("id", Id, primary_key=True),
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
