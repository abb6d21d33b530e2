"""A real browser, headless: the judge of what pages may use."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from wizard.system.programs import tied_to_us

_ARGUMENTS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"),
    *("--disable-dev-shm-usage", "--disable-background-networking"),
    # Where the tests' own names are: no certificate of theirs is known to anybody else.
    "--ignore-certificate-errors",
    # Pages come as they are asked for, and may use what is on loopback.
    "--disable-features=HttpsUpgrades,HttpsFirstBalancedModeAutoEnable,LocalNetworkAccessChecks",
)
# Containers that come and go on this machine change its network: Chromium then gives up whatever
# it is loading, and no page is to blame.
_CHANGED = "net::ERR_NETWORK_CHANGED"
_SECONDS_TO_TRY = 60.0
_WHEN_LOADED = """new Promise(then => document.readyState === "complete"
  ? then() : addEventListener("load", () => then()))"""


class Chromium:
    """One Chromium, told what to do over its DevTools pipe. `proxy` leads to the internet."""

    def __init__(self, proxy: str = "") -> None:
        self._proxy = proxy
        self._profile = tempfile.TemporaryDirectory(prefix="browser-")
        self._number = 0
        self._unread = b""
        self._session = ""
        self._disturbed = False

    def __enter__(self) -> Self:
        theirs_in, self._in = os.pipe()
        self._out, theirs_out = os.pipe()
        where = [f"--proxy-server={self._proxy}"] if self._proxy else ["--no-proxy-server"]
        argv = ["chromium", *_ARGUMENTS, *where, "--remote-debugging-pipe"]
        argv += [f"--user-data-dir={self._profile.name}", "about:blank"]
        # The pipe's two ends have to be its descriptors 3 and 4.
        script = f'exec "$@" 3<&{theirs_in} 4>&{theirs_out}'
        self._process = subprocess.Popen(
            tied_to_us(["bash", "-c", script, "bash", *argv]),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(theirs_in, theirs_out),
            env={"PATH": os.environ.get("PATH", os.defpath), "HOME": self._profile.name},
        )
        os.close(theirs_in)
        os.close(theirs_out)
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        attached = self._call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        self._call("Network.enable")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._in)
        os.close(self._out)
        # Its children write a moment longer than it lives.
        for _ in range(50):
            try:
                self._profile.cleanup()
            except OSError:
                time.sleep(0.1)
            if not Path(self._profile.name).exists():
                break

    def says_on(self, url: str, expression: str) -> Any:
        """The value of JavaScript on a page once all that it names was loaded or refused.

        The page is opened again where this machine's network changed in the meantime.
        """
        deadline = time.monotonic() + _SECONDS_TO_TRY
        while True:
            self._disturbed = False
            problem = self._call("Page.navigate", url=url).get("errorText")
            if not problem:
                self.says(_WHEN_LOADED)
                value = self.says(expression)
                if not self._disturbed:
                    return value
            if problem not in (None, _CHANGED) or time.monotonic() >= deadline:
                raise RuntimeError(f"{url}: {problem or _CHANGED}")

    def says(self, expression: str) -> Any:
        """The value of JavaScript on the page, awaited; no policy of the page's keeps it away."""
        answer = self._call(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"])
        return answer["result"].get("value")

    def _call(self, method: str, **parameters: object) -> dict[str, Any]:
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._in, json.dumps(message).encode() + b"\0")
        while (answer := self._next()).get("id") != self._number:
            # An event: what failed on the way is the only one that tells something.
            failed = answer.get("method") == "Network.loadingFailed"
            self._disturbed |= failed and answer["params"]["errorText"] == _CHANGED
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        result: dict[str, Any] = answer["result"]
        return result

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._unread:
            piece = os.read(self._out, 1 << 16)
            if not piece:
                raise RuntimeError("Chromium ended")
            self._unread += piece
        text, self._unread = self._unread.split(b"\0", 1)
        message: dict[str, Any] = json.loads(text)
        return message
