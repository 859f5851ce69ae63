"""Alembic's migrations of the API's database; `api.db.migrate` runs them."""
