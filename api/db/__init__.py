"""What the API remembers: users, AOIs, jobs, events. SQLite by default, PostgreSQL with PostGIS in production."""
