"""A real nginx whose files are all below one folder."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.parts import need
from tests.support.waiting import wait_until
from wizard.system.programs import tied_to_us

_CONF = """\
daemon off;
user root;
pid {place}/pid;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {place}/body;
    proxy_temp_path {place}/proxy;
    fastcgi_temp_path {place}/fastcgi;
    uwsgi_temp_path {place}/uwsgi;
    scgi_temp_path {place}/scgi;
    {http}
    server {{
        listen 127.0.0.1:{port}{tls};
        {server}
    }}
}}
"""


@contextmanager
def running_nginx(
    place: Path, port: int, server: str, *, http: str = "", tls: bool = False
) -> Iterator[None]:
    """Have nginx answer at this port as `server` says, what stands in a server's block.

    `http` is what stands beside that block.
    """
    need("nginx")
    file, errors = place / "nginx.conf", place / "errors"
    file.write_text(
        _CONF.format(place=place, port=port, server=server, http=http, tls=" ssl" if tls else "")
    )
    program = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin") or "nginx"
    argv = tied_to_us([program, "-e", str(errors), "-c", str(file)])
    with subprocess.Popen(argv) as process:
        try:
            wait_until(lambda: process.poll() is not None or _listens(port))
            assert process.poll() is None, errors.read_text()[-1000:]
            yield
        finally:
            process.terminate()


def _listens(port: int) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0
