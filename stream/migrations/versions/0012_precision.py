"""In which precision each row was computed."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("predictions", sa.Column("precision", sa.String(10)))


def downgrade() -> None:
    op.drop_column("predictions", "precision")
