"""Which authorities our own connections trust: the usual ones, and the admin's own CA file.

One file for the whole process, as there is one migration: whoever opens it says which.
"""

from __future__ import annotations

import os
import re
import ssl
from functools import cache
from pathlib import Path

import certifi

from wizard.core.message import Message, msg
from wizard.core.os_errors import words_of
from wizard.core.problem import Problem

_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_PRIVATE_KEY = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----")
_in_use = ""


def use_ca_file(path: str) -> None:
    """Trust the authorities in a PEM file as well from now on; "" for none.

    Raises `Problem` where it cannot be used, and trusts what was trusted before.
    """
    if path:
        _certificates(path)
    global _in_use  # noqa: PLW0603
    _in_use = path
    trusted.cache_clear()


def ca_bundle() -> str | None:
    """Return a file with the usual authorities and the admin's own; None without such a one.

    It is in memory, and lasts as long as this process: for libraries that take a path only.
    """
    return _bundle(_in_use) if _in_use else None


@cache
def trusted() -> ssl.SSLContext:
    """Return the authorities of `known_to_browsers`, this machine's, and the admin's own."""
    context = known_to_browsers()
    context.load_default_certs()
    if _in_use:
        context.load_verify_locations(cadata=_certificates(_in_use).decode("ascii"))
    return context


def known_to_browsers() -> ssl.SSLContext:
    """Return Mozilla's list of authorities: what BookWyrm's boto3 trusts, and browsers everywhere.

    Not those that somebody told this machine to trust, which neither of them knows.
    """
    return ssl.create_default_context(cafile=certifi.where())


@cache
def trusting() -> ssl.SSLContext:
    """Return what accepts every certificate, for where nothing secret is sent."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@cache
def _bundle(path: str) -> str:
    usual = Path(certifi.where()).read_bytes()
    number = os.memfd_create("bw-s3 authorities")
    with os.fdopen(number, "wb", closefd=False) as file:
        file.write(usual + b"\n" + _certificates(path))
    return f"/proc/self/fd/{number}"


def _certificates(path: str) -> bytes:
    """Return the certificates of a PEM file. Raises `Problem` where there are none."""
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise _unusable(path, words_of(error)) from error
    if _PRIVATE_KEY.search(data):
        raise _unusable(path, msg("It contains a private key, which nobody else should read."))
    found = b"\n".join(_CERTIFICATE.findall(data)) + b"\n"
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=found.decode("ascii"))
    except (ssl.SSLError, ValueError) as error:
        why = msg("It contains no certificate in PEM format (-----BEGIN CERTIFICATE-----).")
        raise _unusable(path, why) from error
    return found


def _unusable(path: str, why: Message) -> Problem:
    return Problem(
        msg("The CA file {path} cannot be used.", path=path),
        why,
        msg("Name another one with --ca-file, or none: --ca-file none"),
        field="ca_file",
        usage=True,
        code="ca-file-unusable",
    )
