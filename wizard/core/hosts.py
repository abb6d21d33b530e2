"""Host names as they stand in addresses."""

from __future__ import annotations

import ipaddress


def is_ip_address(host: str) -> bool:
    """Tell whether a host, with or without a port, is an IP address and no name."""
    return any(map(_is_plain_address, (host, host.rpartition(":")[0])))


def _is_plain_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True
