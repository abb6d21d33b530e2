"""A server far away: hands every connection on to a real one, each request a little later."""

from __future__ import annotations

import asyncio
import threading
import time
from types import TracebackType
from typing import Self


class SlowLine:
    """Listens at `address` and passes bytes on to `host:port`, those of clients `delay` s later.

    A request that fits into one packet, as a HEAD does, is answered `delay`
    seconds late. `stall` holds everything back from now on. `passed` holds
    when how many bytes came from clients.
    """

    def __init__(self, address: str, host: str, port: int, delay: float) -> None:
        self._address = address
        self._target = (host, port)
        self.delay = delay
        self.port = 0
        self.requests = 0
        self.passed: list[tuple[float, int]] = []
        self._stalled = threading.Event()
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    @property
    def url(self) -> str:
        """Where clients find it."""
        return f"http://{self._address}:{self.port}"

    def stall(self) -> None:
        """Answer nothing any more, without closing a connection."""
        self._stalled.set()

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        start = asyncio.start_server(self._connected, self._address, 0)
        server = self._loop.run_until_complete(start)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.set_exception_handler(lambda loop, context: None)
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection(*self._target)
        await asyncio.gather(
            self._pass_on(reader, there_writer, late=True),
            self._pass_on(there_reader, writer, late=False),
        )

    async def _pass_on(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, *, late: bool
    ) -> None:
        try:
            while data := await source.read(65536):
                if late:
                    self.requests += 1
                    self.passed.append((time.monotonic(), len(data)))
                    await asyncio.sleep(self.delay)
                while self._stalled.is_set():
                    await asyncio.sleep(0.2)
                target.write(data)
                await target.drain()
        except ConnectionError:
            pass
        finally:
            target.close()
