"""An instance that runs without Docker, from a virtual environment and systemd units."""
