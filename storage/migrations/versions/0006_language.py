"""In which language people chose to be spoken to."""

import sqlalchemy as sa
from alembic import op

revision = "0006_serves_0003"
down_revision = "0005_serves_0003"


def upgrade() -> None:
    """Add; the release before goes on without."""
    op.add_column("people", sa.Column("language", sa.String(length=35), nullable=True))
