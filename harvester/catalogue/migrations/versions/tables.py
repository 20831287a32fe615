"""The first revision: the tables of a new catalogue, which `harvester.catalogue.store` makes from `schema.py`.

A revision after 0.1.0 changes the tables of an older catalogue. New ones are made by `schema.py` alone.
"""

revision = "tables"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing came before."""
