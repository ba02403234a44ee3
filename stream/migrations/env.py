"""What alembic runs for each migration: the connection and its transaction come from `migrate`."""

from alembic import context

from stream.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
