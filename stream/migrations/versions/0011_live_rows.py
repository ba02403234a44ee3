"""The newest live rows are found without those of challengers and replays."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

INDEXES = {"predictions_by_time": ["predicted_at"], "predictions_by_camera": ["camera_id", "predicted_at"]}


def upgrade() -> None:
    live = sa.text("role = 'production'")
    for name, columns in INDEXES.items():
        op.drop_index(name, "predictions")
        op.create_index(name, "predictions", columns, sqlite_where=live, postgresql_where=live)


def downgrade() -> None:
    for name, columns in INDEXES.items():
        op.drop_index(name, "predictions")
        op.create_index(name, "predictions", columns)
