"""What Alembic runs to migrate: on the connection that `api.db.migrate` opened and locked, in its transaction."""

from __future__ import annotations

from alembic import context

from api.db.migrate import migration_options

context.configure(connection=context.config.attributes["connection"], **migration_options())
context.run_migrations()
