"""In which role a worker took a version up, and what the network cost for a frame that was asked alone."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("predictions", sa.Column("infer_ms", sa.Float))
    shadows = sa.text("role = 'shadow'")
    op.create_index(
        "predictions_of_shadows",
        "predictions",
        ["classifier", "model_version", "predicted_at"],
        sqlite_where=shadows,
        postgresql_where=shadows,
    )
    op.add_column("model_events", sa.Column("role", sa.String(20), nullable=False, server_default="production"))


def downgrade() -> None:
    op.drop_column("model_events", "role")
    op.drop_index("predictions_of_shadows", "predictions")
    op.drop_column("predictions", "infer_ms")
