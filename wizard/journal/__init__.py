"""The durable memory of a migration, in one SQLite file."""
