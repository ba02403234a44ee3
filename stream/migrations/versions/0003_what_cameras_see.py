"""A camera's row tells what it sees: kind of source, size, codec, measured rate, view."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

COLUMNS = {
    "kind": sa.String(20),
    "width": sa.Integer,
    "height": sa.Integer,
    "codec": sa.String(40),
    "fps": sa.Float,
    "view": sa.String(20),
}


def upgrade() -> None:
    for name, kind in COLUMNS.items():
        op.add_column("cameras", sa.Column(name, kind))


def downgrade() -> None:
    for name in COLUMNS:
        op.drop_column("cameras", name)
