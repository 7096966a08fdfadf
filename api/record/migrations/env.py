"""What Alembic runs: the migrations, on the connection and in the transaction of whoever called `Database.migrate`."""

from alembic import context

from api.record.database import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
context.run_migrations()
