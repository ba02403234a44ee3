"""Predictions hold what their camera's last frames agreed on, and by which policy."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

COLUMNS = (
    ("consensus_label", sa.String(200)),
    ("consensus_confidence", sa.Float),
    ("consensus_frames", sa.Integer),
    ("consensus_policy", sa.String(40)),
)


def upgrade() -> None:
    for name, kind in COLUMNS:
        op.add_column("predictions", sa.Column(name, kind))


def downgrade() -> None:
    for name, _ in COLUMNS:
        op.drop_column("predictions", name)
