"""The database, from the beginning."""
