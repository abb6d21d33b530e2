"""`rclone serve s3`: objects and nothing else, neither ACLs nor CORS nor policies."""

from __future__ import annotations

from tests.servers.local import LocalServer
from wizard.demo.seaweedfs import find_program


class Rclone(LocalServer):
    """An S3 server over a plain folder, with fresh keys."""

    def launch(self) -> None:
        """Start the server."""
        # Loopback only and for the test alone, so the keys may stand in the arguments.
        keys = f"{self.keys.access_key_id},{self.keys.secret_access_key}"
        objects = self.folder / "objects"
        objects.mkdir(exist_ok=True)
        argv = [find_program("rclone") or "rclone", "serve", "s3", str(objects)]
        argv += ["--addr", f"127.0.0.1:{self.port}", "--auth-key", keys, "--config", "/dev/null"]
        self.spawn(argv)
