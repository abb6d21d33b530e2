"""An instance that runs under Docker Compose."""
