"""Predictions name the training pictures most like the frame; counts by model version come from an index."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("predictions", sa.Column("nearest", sa.JSON))
    op.create_index(
        "predictions_by_model", "predictions", ["classifier", "model_version", "camera_id", "worker", "predicted_at"]
    )


def downgrade() -> None:
    op.drop_index("predictions_by_model", "predictions")
    op.drop_column("predictions", "nearest")
