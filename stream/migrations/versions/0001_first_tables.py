"""The first tables: predictions, dead letters, cameras, model events."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "predictions",
        sa.Column("topic", sa.String(249), primary_key=True),
        sa.Column("partition", sa.Integer, primary_key=True),
        sa.Column("offset", sa.BigInteger, primary_key=True),
        sa.Column("classifier", sa.String(40), primary_key=True),
        sa.Column("role", sa.String(20), primary_key=True),
        sa.Column("frame_id", sa.String(300), nullable=False),
        sa.Column("camera_id", sa.String(200), nullable=False),
        sa.Column("image_name", sa.Text),
        sa.Column("image_sha256", sa.String(64), nullable=False),
        sa.Column("model_version", sa.Integer, nullable=False),
        sa.Column("label", sa.String(200), nullable=False),
        sa.Column("confidence", sa.Float, nullable=False),
        sa.Column("top", sa.JSON, nullable=False),
        sa.Column("decision", sa.String(10), nullable=False),
        sa.Column("captured_at", MOMENT, nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("predicted_at", MOMENT, nullable=False),
        sa.Column("worker", sa.String(100), nullable=False),
    )
    op.create_index("predictions_by_time", "predictions", ["predicted_at"])
    op.create_index("predictions_by_camera", "predictions", ["camera_id", "predicted_at"])
    op.create_index("predictions_by_frame", "predictions", ["frame_id"])
    op.create_table(
        "dead_letters",
        sa.Column("topic", sa.String(249), primary_key=True),
        sa.Column("partition", sa.Integer, primary_key=True),
        sa.Column("offset", sa.BigInteger, primary_key=True),
        sa.Column("stage", sa.String(20), nullable=False),
        sa.Column("reason", sa.String(60), nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("camera_id", sa.String(200)),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("replayed_at", MOMENT),
    )
    op.create_index("dead_letters_by_time", "dead_letters", ["created_at"])
    op.create_table(
        "cameras",
        sa.Column("camera_id", sa.String(200), primary_key=True),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("last_frame_at", MOMENT),
        sa.Column("frames_sent", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("frames_dropped", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("last_error", sa.Text),
        sa.Column("updated_at", MOMENT),
    )
    op.create_table(
        "model_events",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("worker", sa.String(100), nullable=False),
        sa.Column("classifier", sa.String(40), nullable=False),
        sa.Column("from_version", sa.Integer),
        sa.Column("to_version", sa.Integer),
        sa.Column("event", sa.String(20), nullable=False),
        sa.Column("detail", sa.Text),
    )
    op.create_index("model_events_by_time", "model_events", ["at"])


def downgrade() -> None:
    for table in ("model_events", "cameras", "dead_letters", "predictions"):
        op.drop_table(table)
