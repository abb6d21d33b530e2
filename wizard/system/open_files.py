"""How many files this process may have open at once."""

from __future__ import annotations

import resource


def allow_open_files(wanted: int) -> bool:
    """Raise our own limit to so many where it is lower; whether they may be open now."""
    limit, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit == resource.RLIM_INFINITY or limit >= wanted:
        return True
    if most != resource.RLIM_INFINITY and most < wanted:
        return False
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
    return True
