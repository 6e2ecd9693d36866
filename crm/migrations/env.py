"""What Alembic runs: migrate on the connection, and in the transaction, that `crm.schema` hands over."""

from alembic import context

from crm.tables import metadata

# The metadata gives constraints their names; the tables themselves are written out in the revisions.
context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, transaction_per_migration=False
)
context.run_migrations()
