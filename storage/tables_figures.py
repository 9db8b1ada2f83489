"""The tables of answers and of figures that were let out. `storage.tables` has all."""

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
    text,
)

from storage.instants import Instant
from storage.metadata import Id, metadata

# No foreign keys here and in `totals`: a press writes both, has read the campaign in the same
# statement, and would pay for each check with a lock on the campaign's one row.
responses = Table(
    "responses",
    metadata,
    Column("campaign_id", Id, primary_key=True, autoincrement=False),
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
    Column("campaign_id", Id, primary_key=True, autoincrement=False),
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
