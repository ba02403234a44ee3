"""Frames that are kept: which content, where and why; and the leases of those who read them."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "kept_frames",
        sa.Column("topic", sa.String(249), primary_key=True),
        sa.Column("partition", sa.Integer, primary_key=True),
        sa.Column("offset", sa.BigInteger, primary_key=True),
        sa.Column("reason", sa.String(20), primary_key=True),
        sa.Column("frame_id", sa.String(300), nullable=False),
        sa.Column("camera_id", sa.String(200)),
        sa.Column("store", sa.Text, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("suffix", sa.String(10), nullable=False),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("captured_at", MOMENT),
        sa.Column("kept_at", MOMENT, nullable=False),
    )
    op.create_index("kept_frames_by_time", "kept_frames", ["kept_at"])
    op.create_index("kept_frames_by_camera", "kept_frames", ["camera_id", "captured_at"])
    op.create_index("kept_frames_by_frame", "kept_frames", ["frame_id"])
    op.create_index("kept_frames_by_content", "kept_frames", ["sha256", "store", "suffix", "size_bytes"])
    op.create_table(
        "kept_frame_leases",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("holder", sa.String(200), nullable=False),
        sa.Column("camera_id", sa.String(200)),
        sa.Column("captured_from", MOMENT),
        sa.Column("captured_to", MOMENT),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
    )


def downgrade() -> None:
    for table in ("kept_frame_leases", "kept_frames"):
        op.drop_table(table)
