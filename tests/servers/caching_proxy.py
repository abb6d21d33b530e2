"""A real nginx in front of a bucket, which keeps what it got, as a CDN does."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from tests.servers.ports import free_port
from wizard.system.programs import tied_to_us

# Answers are kept by the path alone, whatever the bucket says of Origin and of time.
_CONF = """\
daemon off;
master_process off;
error_log {folder}/error.log;
pid {folder}/nginx.pid;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    proxy_cache_path {folder}/cache keys_zone=kept:1m inactive=1d;
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass {bucket};
            proxy_set_header Host {host};
            proxy_cache kept;
            proxy_cache_key $uri;
            proxy_cache_valid any 1d;
            proxy_ignore_headers Cache-Control Expires Vary Set-Cookie;
            add_header X-Cache-Status $upstream_cache_status always;
        }}
    }}
}}
"""


class CachingProxy:
    """In front of `bucket`, a URL, with a cache below `folder`."""

    def __init__(self, folder: Path, bucket: str) -> None:
        self._folder = folder
        self._bucket = bucket
        self.host = f"127.0.0.1:{free_port()}"

    def __enter__(self) -> Self:
        self._folder.mkdir()
        conf = self._folder / "nginx.conf"
        port, host = self.host.rpartition(":")[2], self._bucket.partition("//")[2]
        conf.write_text(
            _CONF.format(folder=self._folder, port=port, bucket=self._bucket, host=host)
        )
        nginx = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin") or "nginx"
        self._process = subprocess.Popen(
            tied_to_us([nginx, "-p", str(self._folder), "-c", str(conf)])
        )
        deadline = time.monotonic() + 60
        while not self._answers():
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise RuntimeError((self._folder / "error.log").read_text()[-1000:])
            time.sleep(0.05)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.wait()

    def purge(self) -> None:
        """Have it forget everything, as an admin does it."""
        self.__exit__(None, None, None)
        shutil.rmtree(self._folder)
        self.__enter__()

    def _answers(self) -> bool:
        try:
            httpx.get(f"http://{self.host}/up?", timeout=5)
        except httpx.HTTPError:
            return False
        return True
