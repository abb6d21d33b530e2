"""The engine: everything that knows how to migrate an instance. Knows no screens."""
