"""A tracking server per workspace: the personal one's, and one for each database that is opened in place."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table by workspace, and take the personal server's row over: it may be running, at a port that stays."""
    op.create_table(
        "tracking_server",
        sa.Column("workspace", sa.String(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=True),
        sa.Column("process_started", sa.Float(), nullable=True),
        sa.Column("port", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("checked_at", sa.DateTime(), nullable=False),
        sa.Column("asked_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("workspace"),
    )
    columns = "pid, process_started, port, state, detail, checked_at"
    op.execute(
        f"INSERT INTO tracking_server (workspace, {columns}) SELECT 'personal', {columns} FROM server WHERE id = 1"
    )
    op.drop_table("server")
