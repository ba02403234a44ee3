"""Replays of windows: what was asked, how far it came, and who works on it."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "window_replays",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("classifier", sa.String(40), nullable=False),
        sa.Column("model_version", sa.Integer, nullable=False),
        sa.Column("captured_from", MOMENT, nullable=False),
        sa.Column("captured_to", MOMENT, nullable=False),
        sa.Column("cameras", sa.JSON, nullable=False),
        sa.Column("engine", sa.String(10), nullable=False),
        sa.Column("done", sa.BigInteger, nullable=False),
        sa.Column("total", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("holder", sa.String(200), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
    )
    op.create_index("window_replays_by_model", "window_replays", ["classifier", "model_version", "started_at"])


def downgrade() -> None:
    op.drop_table("window_replays")
