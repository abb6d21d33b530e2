"""Certificates made by openssl when a test wants them, by an authority of the test's own."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path

_CONF = """\
[ca]
default_ca = own
[own]
new_certs_dir = {folder}
database = {folder}/index.txt
serial = {folder}/serial
default_md = sha256
policy = any
copy_extensions = copy
unique_subject = no
[any]
commonName = supplied
[req]
distinguished_name = name
[name]
"""
_CURVE = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


class Authority:
    """A certificate authority in `folder`; `certificate` is what a client may trust."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.certificate = folder / "ca.pem"
        self._key, self._conf = folder / "ca.key", folder / "ca.conf"
        self._conf.write_text(_CONF.format(folder=folder))
        (folder / "index.txt").write_text("")
        (folder / "serial").write_text("1000\n")
        out = ["-keyout", str(self._key), "-out", str(self.certificate)]
        basics = ["-addext", "basicConstraints=critical,CA:TRUE", "-subj", "/CN=Test authority"]
        _openssl("req", "-x509", *_CURVE, *out, *basics, "-days", "2")

    def server(self, name: str, *, expired: bool = False) -> ssl.SSLContext:
        """TLS for a server called `name` (such as IP:127.0.0.1 or DNS:example.org)."""
        stem = self.folder / f"{name.replace(':', '-')}{'-expired' if expired else ''}"
        key, request, signed = (stem.with_suffix(s) for s in (".key", ".csr", ".pem"))
        wanted = ["-subj", "/CN=Test server", "-addext", f"subjectAltName={name}"]
        _openssl("req", *_CURVE, "-keyout", str(key), "-out", str(request), *wanted)
        dates = ["-startdate", "20200101000000Z", "-enddate", "20200201000000Z"]
        signers = ["-cert", str(self.certificate), "-keyfile", str(self._key), "-batch", "-notext"]
        files = ["-config", str(self._conf), "-in", str(request), "-out", str(signed)]
        _openssl("ca", *files, *signers, *(dates if expired else ["-days", "2"]))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(signed, key)
        return context


def _openssl(*arguments: str) -> None:
    done = subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"openssl {arguments[0]}: {done.stderr}")
