"""The runtime's own threads, made known to Python once instead of at each callback."""

from __future__ import annotations

import ctypes
import io
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

# Lives as long as Python's state of the thread, so it is empty where that was thrown away.
_kept = threading.local()


def keep_thread() -> None:
    """Have Python keep its state of this thread, which C code started; cheap if it does already.

    Otherwise Python makes a state when such a thread calls us and throws it away afterwards:
    memory mapped, unmapped and every processor told so, four times a request, a sixth of all
    CPU time. `PyGILState_Ensure` counts, and a call that is never undone keeps the state.
    There are two such threads a client, one of which hands out and takes bodies; 20 kB are what
    each leaves behind.
    """
    if not hasattr(_kept, "here"):
        _kept.here = True
        ctypes.pythonapi.PyGILState_Ensure()


class Body(io.BytesIO):
    """A request's body; the runtime has a thread of its own for reading bodies."""

    def readinto1(self, buffer: WriteableBuffer, /) -> int:
        """Read for the runtime, and keep Python's state of its thread."""
        keep_thread()
        return super().readinto1(buffer)
