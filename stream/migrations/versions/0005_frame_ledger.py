"""What became of every frame read, counted in the same transaction as its rows; frames dropped by camera."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0002"
branch_labels = None
depends_on = None

COUNTS = ("stored", "dead", "dropped", "skipped", "expired")


def upgrade() -> None:
    op.create_table(
        "frame_ledger",
        sa.Column("consumer_group", sa.String(249), primary_key=True),
        sa.Column("topic", sa.String(249), primary_key=True),
        sa.Column("partition", sa.Integer, primary_key=True),
        sa.Column("first_offset", sa.BigInteger, nullable=False),
        sa.Column("next_offset", sa.BigInteger, nullable=False),
        *(sa.Column(name, sa.BigInteger, nullable=False, server_default="0") for name in COUNTS),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "camera_drops",
        sa.Column("consumer_group", sa.String(249), primary_key=True),
        sa.Column("camera_id", sa.String(200), primary_key=True),
        sa.Column("dropped", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("last_dropped_at", sa.DateTime(timezone=True), nullable=False),
    )


def downgrade() -> None:
    for table in ("camera_drops", "frame_ledger"):
        op.drop_table(table)
