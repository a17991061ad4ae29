"""Users may be people of an OpenID Connect issuer."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add the subject; nobody has one yet."""
    op.add_column("users", sa.Column("subject", sa.Text()))
    op.create_index("users_subject", "users", ["subject"], unique=True)


def downgrade() -> None:
    """Take it away; those people log in by password again, or not at all."""
    op.drop_index("users_subject", "users")
    op.drop_column("users", "subject")
