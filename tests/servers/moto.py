"""moto's S3 server: objects in memory, ACLs honoured, policies kept and enforced.

Its answer to a preflight is wrong, so it is no judge of CORS rules.
"""

from __future__ import annotations

from tests.servers.local import LocalServer
from wizard.demo.seaweedfs import find_program


class Moto(LocalServer):
    """It takes any keys; each process begins with nothing."""

    def launch(self) -> None:
        """Start the server."""
        program = find_program("moto_server") or "moto_server"
        self.spawn([program, "-H", "127.0.0.1", "-p", str(self.port)])
