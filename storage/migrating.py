"""Alembic, which takes longer to load than most commands to run: only who migrates needs it."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection


def config(connection: Connection | None = None) -> Config:
    """Where the migrations are, and what they are run on."""
    found = Config()
    found.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    found.attributes["connection"] = connection
    return found


def migrate(connection: Connection, revision: str) -> None:
    """Bring the schema to a revision, in the transaction that has begun."""
    command.upgrade(config(connection), revision)
