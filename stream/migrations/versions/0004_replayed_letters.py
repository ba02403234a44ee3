"""Dead letters know who replays them, and where in Kafka their replay lies."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("dead_letters", sa.Column("replay_id", sa.String(32)))
    op.add_column("dead_letters", sa.Column("replay_claimed_at", sa.DateTime(timezone=True)))
    op.add_column("dead_letters", sa.Column("replay_from", sa.BigInteger))
    op.add_column("dead_letters", sa.Column("replayed_offset", sa.BigInteger))
    op.create_index("dead_letters_by_replay", "dead_letters", ["topic", "partition", "replayed_offset"])


def downgrade() -> None:
    op.drop_index("dead_letters_by_replay", "dead_letters")
    for column in ("replayed_offset", "replay_from", "replay_claimed_at", "replay_id"):
        op.drop_column("dead_letters", column)
