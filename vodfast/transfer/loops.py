"""Which event loop runs the engine, and the background thread behind the blocking client.

The only module that names uvloop; where it is missing (Windows) the stock loop serves.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import queue
import threading
from collections import deque
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError, Future
from typing import Any, TypeVar, cast

from vodfast.errors import Cancelled, InvalidInput

T = TypeVar("T")

_Jobs = queue.SimpleQueue[Callable[[], object]]
_spare: deque[_Jobs] = deque()
"""Where the threads that have nothing to do wait: starting one costs more than most of what they are for."""
_SPARE = 4
_STANDARD_DESCRIPTORS = range(3)
os.register_at_fork(after_in_child=_spare.clear)

try:
    import uvloop as fast_loop
except ImportError:  # no uvloop on Windows
    fast_loop = None  # type: ignore[assignment]  # the one place that must do without the module


def new_loop() -> asyncio.AbstractEventLoop:
    """A fresh event loop: uvloop's if there is one."""
    _hold_standard_descriptors()
    return asyncio.new_event_loop() if fast_loop is None else fast_loop.new_event_loop()


def _hold_standard_descriptors() -> None:
    """Let the numbers of closed standard streams lead to nowhere: libuv takes a file of its own that gets one of them
    for a bug and ends the process, and what somebody prints would go into a connection.
    """
    for number in _STANDARD_DESCRIPTORS:
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free: this one


def loop_name() -> str:
    """`uvloop X.Y.Z` or `asyncio`, for `doctor`."""
    from importlib.metadata import version  # 20 ms that only `doctor` pays

    return "asyncio" if fast_loop is None else f"uvloop {version('uvloop')}"


async def in_thread(function: Callable[..., T], *args: Any) -> T:
    """Run a blocking function on a daemon thread that does nothing else meanwhile.

    Unlike an executor's, the thread is never waited for: a read that blocks for ever holds up neither cancellation
    nor the end of the process, nor the next function.
    """
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[T] = loop.create_future()

    def settle(value: T | None, error: BaseException | None) -> None:
        if outcome.done():
            return
        if error is not None:
            outcome.set_exception(error)
        else:
            outcome.set_result(cast(T, value))

    def work() -> None:
        value: T | None = None
        failure: BaseException | None = None
        try:
            value = function(*args)
        except BaseException as error:
            failure = error
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(settle, value, failure)

    set_going(work)
    return await outcome


def set_going(work: Callable[[], object]) -> None:
    """Run a function, which must not fail, on a daemon thread; nobody hears of its end."""
    try:
        jobs = _spare.pop()
    except IndexError:
        jobs = queue.SimpleQueue()
        threading.Thread(target=_serve, args=(jobs,), name="vodfast-read", daemon=True).start()
    jobs.put(work)


def _serve(jobs: _Jobs) -> None:
    while True:
        jobs.get()()
        if len(_spare) >= _SPARE:
            return
        _spare.append(jobs)


class BackgroundLoop:
    """An event loop on a daemon thread of its own. `close` waits until everything submitted has ended."""

    def __init__(self) -> None:
        self._loop = new_loop()
        self._lock = threading.RLock()  # a signal handler may come in between
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="vodfast", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            while True:
                try:
                    self._loop.run_forever()
                    return
                except (KeyboardInterrupt, SystemExit):
                    continue  # raised in a task, whose waiter has it as well and may be the main thread
        finally:
            self._loop.run_until_complete(_all_ended())  # what was submitted at the last moment has its waiter too
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
            self._loop.close()

    @property
    def alive(self) -> bool:
        """Whether its thread runs: not after `close`, and in a forked process never."""
        return self._thread.is_alive()

    def require_elsewhere(self) -> None:
        """Refuse to wait where waiting would never end.

        Raises:
            InvalidInput: this is the loop's own thread, on which a callback runs.
        """
        if self._is_here():
            raise InvalidInput("a callback cannot wait for the client that calls it: go on in another thread")

    def _is_here(self) -> bool:
        return threading.current_thread() is self._thread

    def submit(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        """Start a coroutine from any thread.

        Raises:
            InvalidInput: the loop is closed.
        """
        if self.alive:
            with self._lock:
                if not self._closing:
                    return asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        coroutine.close()
        raise InvalidInput("the client is closed")

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end; see `wait`.

        Raises:
            InvalidInput: as `require_elsewhere`, and then it has not begun.
            Cancelled: the loop was closed before its end.
        """
        try:
            self.require_elsewhere()
        except InvalidInput:
            coroutine.close()
            raise
        try:
            return self.wait(self.submit(coroutine))
        except CancelledError:
            raise Cancelled("the client was closed before the answer came") from None

    def wait(self, future: Future[T]) -> T:
        """What becomes of a coroutine. An exception in the waiting thread, such as Ctrl-C or that of a signal handler,
        cancels it and waits for its clean end.

        Raises:
            InvalidInput: as `require_elsewhere`, unless it has ended already.
        """
        if not future.done():
            self.require_elsewhere()
        try:
            return future.result()
        except BaseException:
            if not future.done():
                self.cancel(future)
            raise

    def cancel(self, future: Future[Any]) -> None:
        """Cancel a coroutine and wait for its clean end; see `settle`."""
        future.cancel()
        self.settle()

    def settle(self) -> None:
        """Wait until every cancelled task has finished its clean-up. Once the loop is closed, all have. On the loop's
        own thread, where a callback or the garbage collector may get here, nothing is waited for.
        """
        if self._is_here():
            return
        with contextlib.suppress(InvalidInput):
            self.submit(_idle()).result()

    def call(self, function: Any, *args: Any) -> None:
        """Call a function on the loop's thread, soon; after `close`, never."""
        if self.alive:
            with contextlib.suppress(RuntimeError):  # closed just now
                self._loop.call_soon_threadsafe(function, *args)

    def close(self) -> None:
        """End it, and wait for that."""
        self.close_after(None)
        self._thread.join()

    def close_after(self, last: Coroutine[Any, Any, None] | None) -> bool:
        """End it, after a last coroutine if there is one, and wait for neither. False if it had ended: in a forked
        process every one has.
        """
        with self._lock:
            closing, self._closing = self._closing, True
        if closing or not self.alive:
            if last is not None:
                last.close()
            return False
        if last is None:
            self._loop.call_soon_threadsafe(self._loop.stop)
        else:
            asyncio.run_coroutine_threadsafe(last, self._loop).add_done_callback(lambda _: self._loop.stop())
        return True


async def _all_ended() -> None:
    """Cancel whatever still runs, and wait for it."""
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)


async def _idle() -> None:
    """Let cancelled tasks finish their clean-up before the caller goes on."""
    pending = [task for task in asyncio.all_tasks() if task is not asyncio.current_task() and task.cancelling()]
    if pending:
        await asyncio.wait(pending)
