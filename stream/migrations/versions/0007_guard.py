"""What the guard watches, and who acts on what it found."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "guard_watches",
        sa.Column("classifier", sa.String(40), primary_key=True),
        sa.Column("activation", sa.Integer, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("before_version", sa.Integer),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("opened_by", sa.String(100), nullable=False),
    )
    op.create_table(
        "guard_verdicts",
        sa.Column("classifier", sa.String(40), primary_key=True),
        sa.Column("activation", sa.Integer, primary_key=True),
        sa.Column("kind", sa.String(20), primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("claim_id", sa.String(32), nullable=False),
        sa.Column("claimed_by", sa.String(100), nullable=False),
        sa.Column("lease_until", MOMENT, nullable=False),
        sa.Column("done_at", MOMENT),
        sa.Column("outcome", sa.String(20)),
        sa.Column("to_version", sa.Integer),
        sa.Column("words", sa.Text),
        sa.Column("figures", sa.JSON),
    )


def downgrade() -> None:
    for table in ("guard_verdicts", "guard_watches"):
        op.drop_table(table)
