"""SIGINT and SIGTERM.

Decides that the first signal asks for a clean end and a second SIGINT ends at once. Leaves what a clean end is to the
caller: a function that cancels, or an exception that unwinds. Blocks may be nested: the innermost gets the signals.

Python runs a signal's handler between two steps of the main thread, so a signal that comes just before that thread
blocks in C would wait as long as it does. Signals are therefore also read from the interpreter's wakeup descriptor, by
a thread that is always awake.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import TypeAlias

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_NUDGE = signal.SIGURG
"""Wakes the main thread without meaning anything; nobody else sends it."""

_STOPPING: dict[int, bytes] = {
    signal.SIGINT: b"vodfast: stopping: taking back what is unfinished (Ctrl-C again to leave at once)\n",
    signal.SIGTERM: b"vodfast: stopping: the same command goes on from here, where it can (Ctrl-C to leave at once)\n",
}

_Handler: TypeAlias = Callable[[int, FrameType | None], None]
_Reader: TypeAlias = Callable[[int], None]


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
def interruptible(cancel: Callable[[int], None] | None = None) -> Iterator[Interruption]:
    """Within the block, the first signal calls `cancel` with its number (or raises `Interrupted` without one).

    `cancel` is called from a thread of its own. A second SIGINT ends the process with 130 and no further word: the
    server keeps what was acknowledged. Does nothing off the main thread, where Python delivers no signals.
    """
    state = Interruption()
    if threading.current_thread() is not threading.main_thread():
        yield state
        return
    handle, read = _raising(state) if cancel is None else _cancelling(state, cancel)
    with _handled(handle), _read_elsewhere(read):
        yield state


def _cancelling(state: Interruption, cancel: Callable[[int], None]) -> tuple[_Handler, _Reader]:
    """The reader does everything, whatever the main thread is at."""

    def handle(_signum: int, _frame: FrameType | None) -> None:
        """Nothing: but for a handler there would be no byte to read."""

    def read(signum: int) -> None:
        if state.signum is not None:
            _leave_on_interrupt(signum)
            return
        state.signum = signum
        with contextlib.suppress(OSError):
            os.write(2, _STOPPING[signum])
        cancel(signum)

    return handle, read


def _raising(state: Interruption) -> tuple[_Handler, _Reader]:
    """The handler raises in the main thread; the reader sees to it that it is run."""

    def handle(signum: int, _frame: FrameType | None) -> None:
        if signum == _NUDGE:
            return
        if state.signum is not None:
            _leave_on_interrupt(signum)
            return
        state.signum = signum
        raise Interrupted(signum)

    def read(_signum: int) -> None:
        main, pause = threading.main_thread().ident, threading.Event()
        while state.signum is None and main is not None:
            signal.pthread_kill(main, _NUDGE)
            pause.wait(0.02)

    return handle, read


def _leave_on_interrupt(signum: int) -> None:
    if signum == signal.SIGINT:
        os.write(2, b"\x1b[?25h" if os.isatty(2) else b"")
        os._exit(128 + signum)


@contextlib.contextmanager
def _handled(handler: _Handler) -> Iterator[None]:
    before = {signum: signal.signal(signum, handler) for signum in (*_SIGNALS, _NUDGE)}
    try:
        yield
    finally:
        for signum, earlier in before.items():
            signal.signal(signum, earlier)


@contextlib.contextmanager
def _read_elsewhere(read: _Reader) -> Iterator[None]:
    """A thread calls `read` for every signal of ours, in order, until the block ends."""
    receive, send = os.pipe()
    os.set_blocking(send, False)

    def watch() -> None:
        with open(receive, "rb", buffering=0) as signals:
            while byte := signals.read(1):
                if byte[0] in _SIGNALS:
                    read(byte[0])

    watcher = threading.Thread(target=watch, name="vodfast-signals", daemon=True)
    watcher.start()
    before = signal.set_wakeup_fd(send, warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        os.close(send)
        watcher.join()
