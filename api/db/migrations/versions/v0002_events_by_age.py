"""Events are found by their age, so that old ones can be deleted."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the index."""
    op.create_index("ix_events_at", "events", ["at"])


def downgrade() -> None:
    """Drop the index."""
    op.drop_index("ix_events_at", "events")
