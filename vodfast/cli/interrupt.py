"""SIGINT and SIGTERM.

Decides that the first signal asks for a clean end and a second SIGINT ends at once. Leaves what a clean end is to the
caller: a function that cancels, or an exception that unwinds.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(KeyboardInterrupt):
    """Raised in the main thread by a signal where nothing needs to be taken back; SIGTERM then acts as SIGINT does."""

    def __init__(self, signum: int) -> None:
        super().__init__(signum)
        self.signum = signum


class Interruption:
    """Which signal came first; None while none has."""

    def __init__(self) -> None:
        self.signum: int | None = None


@contextlib.contextmanager
def interruptible(cancel: Callable[[], None] | None = None) -> Iterator[Interruption]:
    """Within the block, the first signal calls `cancel` (or raises `Interrupted` without one).

    A second SIGINT ends the process with 130 and no further word: the server keeps what was acknowledged. Does
    nothing off the main thread, where Python delivers no signals.
    """
    state = Interruption()

    def on_signal(signum: int, _frame: FrameType | None) -> None:
        if state.signum is not None:
            if signum == signal.SIGINT:
                os.write(2, b"\x1b[?25h" if os.isatty(2) else b"")
                os._exit(128 + signum)
            return
        state.signum = signum
        if cancel is None:
            raise Interrupted(signum)
        with contextlib.suppress(OSError):
            os.write(2, b"vodfast: stopping: taking back what is unfinished (Ctrl-C again to leave at once)\n")
        cancel()

    if threading.current_thread() is not threading.main_thread():
        yield state
        return
    before = {signum: signal.signal(signum, on_signal) for signum in _SIGNALS}
    try:
        yield state
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)
