"""A real nginx in front of a bucket, which keeps what it got, as a CDN does."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.servers.nginx import running_nginx
from tests.servers.ports import free_port

# Answers are kept by the path alone, whatever the bucket says of Origin and of time.
_CACHE = "proxy_cache_path {folder}/cache keys_zone=kept:1m inactive=1d;"
_SERVER = """\
location / {{
    proxy_pass {bucket};
    proxy_set_header Host {host};
    proxy_cache kept;
    proxy_cache_key $uri;
    proxy_cache_valid any 1d;
    proxy_ignore_headers Cache-Control Expires Vary Set-Cookie;
    add_header X-Cache-Status $upstream_cache_status always;
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
        port, host = self.host.rpartition(":")[2], self._bucket.partition("//")[2]
        self._nginx = running_nginx(
            self._folder,
            int(port),
            _SERVER.format(bucket=self._bucket, host=host),
            http=_CACHE.format(folder=self._folder),
        )
        self._nginx.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._nginx.__exit__(kind, error, trace)

    def purge(self) -> None:
        """Have it forget everything, as an admin does it."""
        self.__exit__(None, None, None)
        shutil.rmtree(self._folder)
        self.__enter__()
