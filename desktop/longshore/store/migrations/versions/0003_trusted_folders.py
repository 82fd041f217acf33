"""Folders whose code may run. Those that were opened before have run already: they stay trusted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table, with the folders that jobs were launched in."""
    op.create_table(
        "trusted_folder",
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("trusted_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("path"),
    )
    op.execute(
        "INSERT INTO trusted_folder (path, trusted_at) SELECT path, opened_at FROM project"
        " WHERE id IN (SELECT project_id FROM job WHERE kind = 'run')"
    )
