"""A real browser, headless: the judge of what pages may use."""

from __future__ import annotations

import os
import subprocess
import tempfile

from wizard.system.programs import tied_to_us


def page_after_scripts(url: str) -> str:
    """The page's HTML in Chromium once its scripts had five seconds (of its own clock)."""
    with tempfile.TemporaryDirectory(prefix="browser-") as profile:
        argv = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"]
        argv += ["--disable-dev-shm-usage", "--no-proxy-server", f"--user-data-dir={profile}"]
        argv += ["--virtual-time-budget=5000", "--dump-dom", url]
        done = subprocess.run(
            tied_to_us(argv),
            capture_output=True,
            timeout=90,
            check=False,
            env={"PATH": os.environ.get("PATH", os.defpath), "HOME": profile},
        )
    return done.stdout.decode(errors="replace")
