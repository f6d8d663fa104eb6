"""Signals that reach the process while its main thread cannot see them.

The main thread blocks the signal, so the kernel gives it to another thread: exactly what a signal looks like that
came between the interpreter's last look and a wait in C.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

DEAF = """
import signal, sys, threading
from vodfast.cli.interrupt import Interrupted, interruptible

def cancel(signum):
    print("cancelled", flush=True)

try:
    with interruptible({cancel}) as interruption:
        signal.pthread_sigmask(signal.SIG_BLOCK, {{signal.SIGINT, signal.SIGTERM}})
        print("waiting", flush=True)
        threading.Event().wait()
except Interrupted as stop:
    print("raised", stop.signum, flush=True)
"""

Deaf = Callable[[str], "subprocess.Popen[str]"]


@pytest.fixture
def deaf(process_environment: dict[str, str]) -> Iterator[Deaf]:
    """A process whose main thread waits for ever and is never given a signal."""
    started: list[subprocess.Popen[str]] = []

    def start(cancel: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", DEAF.format(cancel=cancel)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=process_environment,
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "waiting\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_a_signal_the_main_thread_does_not_see_cancels_and_a_second_one_leaves(deaf: Deaf) -> None:
    process = deaf("cancel")
    process.send_signal(signal.SIGTERM)
    assert process.stdout is not None
    assert process.stdout.readline() == "cancelled\n"
    process.send_signal(signal.SIGTERM)  # asks for what is under way already
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=120) == 130
    assert process.stdout.read() == ""


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_the_main_thread_does_not_see_is_raised_there(deaf: Deaf, signum: signal.Signals) -> None:
    process = deaf("")
    process.send_signal(signum)
    out, err = process.communicate(timeout=120)
    assert (out, err, process.returncode) == (f"raised {signum.value}\n", "", 0)
