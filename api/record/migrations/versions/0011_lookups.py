"""By what people are found lies in the key store; the hashes that stood here go, and the key that made them is destroyed.

Answers and files of imports were known again by that key too, and are by another one now: those from before are not.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_COLUMNS = ("nik_index", "phone_index", "own_index")
_UNIQUE = ("uq_participants_organisation_id_nik_index", "uq_participants_organisation_id_own_index")


def upgrade() -> None:
    op.execute("DELETE FROM answers")
    op.drop_index("ix_participants_phone_index", table_name="participants")
    with op.batch_alter_table("participants") as table:
        for name in _UNIQUE:
            table.drop_constraint(name, type_="unique")
        for column in _COLUMNS:
            table.drop_column(column)


def downgrade() -> None:
    if op.get_bind().execute(sa.text("SELECT 1 FROM participants WHERE sealed IS NOT NULL LIMIT 1")).first():
        raise ValueError("participants are found through the key store, and by nothing in these columns")
    with op.batch_alter_table("participants") as table:
        for column in _COLUMNS:
            table.add_column(sa.Column(column, sa.String(length=64), nullable=True))
        for name, column in zip(_UNIQUE, ("nik_index", "own_index"), strict=True):
            table.create_unique_constraint(name, ["organisation_id", column])
    op.create_index("ix_participants_phone_index", "participants", ["phone_index"], unique=False)
