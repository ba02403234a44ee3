"""In which role a worker took a version up, and what the network cost for a frame that was asked alone."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("predictions", sa.Column("infer_ms", sa.Float))
    op.add_column("model_events", sa.Column("role", sa.String(20), nullable=False, server_default="production"))


def downgrade() -> None:
    with op.batch_alter_table("model_events") as table:
        table.drop_column("role")
    with op.batch_alter_table("predictions") as table:
        table.drop_column("infer_ms")
