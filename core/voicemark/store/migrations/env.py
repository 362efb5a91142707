"""Alembic's entry: migrations run on the connection that `voicemark.store.database` hands over, in transactions."""

from alembic import context

from voicemark.store.schema import Base

connection = context.config.attributes["connection"]
context.configure(
    connection=connection, target_metadata=Base.metadata, transaction_per_migration=True, render_as_batch=True
)
with context.begin_transaction():
    context.run_migrations()
