"""OpenStack Swift with its S3 API (s3api), as Debian packs it: five processes and memcached.

Objects are public where a container's own ACL says so, and only at Swift's addresses, never at
those of S3. CORS is a header of the container, which S3's calls do not reach.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import replace

import httpx

from tests.servers.local import LocalServer
from tests.servers.ports import free_port
from wizard.core.secrets import Keys
from wizard.core.settings import Settings

_PYTHON = "/usr/bin/python3"  # whose packages Debian's swift is among
_ACCOUNT, _USER = "books", "bookwyrm"
_CONF = """\
[swift-hash]
swift_hash_path_prefix = {secret}
swift_hash_path_suffix = {secret}
[storage-policy:0]
name = one
default = yes
"""
_STORAGE = """\
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
swift_dir = {folder}
devices = {folder}/devices
recon_cache_path = {folder}
mount_check = false
workers = 0
log_address = /nowhere
[pipeline:main]
pipeline = {kind}-server
[app:{kind}-server]
use = egg:swift#{kind}
"""
_PROXY = """\
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
swift_dir = {folder}
workers = 0
log_address = /nowhere
[pipeline:main]
pipeline = catch_errors gatekeeper listing_formats cache s3api tempauth copy slo dlo \
versioned_writes proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:{memcached}
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
[filter:tempauth]
use = egg:swift#tempauth
user_{account}_{user} = {secret} .admin
"""
_PLAIN_FILTERS = ("catch_errors", "gatekeeper", "listing_formats", "copy", "slo", "dlo")
_FILTER = "[filter:{name}]\nuse = egg:swift#{name}\n"
# One replica on one device, which each kind of server has a port for.
_RINGS = """\
import sys
from swift.common.ring import RingBuilder
for kind, port in zip(("account", "container", "object"), sys.argv[2:]):
    builder = RingBuilder(2, 1, 0)
    builder.add_dev(dict(id=0, region=1, zone=1, ip="127.0.0.1", port=int(port), device="one",
                         weight=1, replication_ip="127.0.0.1", replication_port=int(port)))
    builder.rebalance()
    builder.get_ring().save(f"{sys.argv[1]}/{kind}.ring.gz")
"""


class Swift(LocalServer):
    """One account, whose only user may do everything in it."""

    provider = "swift"

    def launch(self) -> None:
        """Write the settings, and start memcached and the four servers."""
        self.keys = Keys(f"{_ACCOUNT}:{_USER}", self.keys.secret_access_key)
        secret, memcached = self.keys.secret_access_key, free_port()
        (self.folder / "devices" / "one").mkdir(parents=True)
        self._write("swift", _CONF, secret=secret)
        ports = {kind: free_port() for kind in ("account", "container", "object")}
        places = [str(port) for port in ports.values()]
        subprocess.run([_PYTHON, "-c", _RINGS, str(self.folder), *places], check=True)
        self.spawn(
            ["memcached", "-l", "127.0.0.1", "-p", str(memcached), "-u", "nobody", "-m", "16"]
        )
        for kind, port in ports.items():
            self._write(f"{kind}-server", _STORAGE, kind=kind, port=port)
        filters = "".join(
            _FILTER.format(name=name) for name in (*_PLAIN_FILTERS, "versioned_writes")
        )
        self._write(
            "proxy-server",
            _PROXY + filters,
            port=self.port,
            memcached=memcached,
            account=_ACCOUNT,
            user=_USER,
            secret=secret,
        )
        for kind in (*ports, "proxy"):
            self.spawn([f"swift-{kind}-server", str(self.folder / f"{kind}-server.conf")])

    def settings(self, bucket: str) -> Settings:
        """The settings for a bucket here; the public reads at Swift's own address."""
        there = super().settings(bucket)
        return replace(there, custom_domain=f"127.0.0.1:{self.port}/v1/AUTH_{_ACCOUNT}/{bucket}")

    def post(self, bucket: str, headers: Mapping[str, str]) -> None:
        """Change a container's headers, as `swift post` does: X-Container-Read, CORS."""
        login = {
            "X-Auth-User": f"{_ACCOUNT}:{_USER}",
            "X-Auth-Key": self.keys.secret_access_key,
        }
        with httpx.Client(base_url=self.endpoint) as client:
            answer = client.get("/auth/v1.0", headers=login).raise_for_status()
            token = {"X-Auth-Token": answer.headers["x-auth-token"]}
            there = f"/v1/AUTH_{_ACCOUNT}/{bucket}"
            client.post(there, headers={**token, **headers}).raise_for_status()

    def _write(self, name: str, text: str, **values: object) -> None:
        filled = text.format(folder=self.folder, **values)
        (self.folder / f"{name}.conf").write_text(filled)
