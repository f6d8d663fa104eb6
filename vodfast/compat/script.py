"""Running a script the way `python SCRIPT` does.

Decides what the script sees (`__main__`, `sys.argv`, `sys.path`) and that its tracebacks begin with its own lines.
Leaves exit codes to the interpreter: whatever the script raises goes on to it.
"""

from __future__ import annotations

import builtins
import io
import os
import sys
from collections.abc import Sequence
from importlib.machinery import SourceFileLoader
from types import CodeType, ModuleType, TracebackType


def run(script: str, arguments: Sequence[str]) -> None:
    """Run a script to its end as `__main__`.

    Raises:
        SystemExit: the script cannot be read; with the words and the code of the interpreter.
        BaseException: whatever the script raised.
    """
    sys.argv = [script, *arguments]
    script = os.path.join(os.getcwd(), script.removeprefix("./"))
    if not sys.flags.safe_path:
        sys.path[0] = os.path.dirname(os.path.realpath(script))
    main = ModuleType("__main__")
    main.__dict__.update(
        __annotations__={},
        __builtins__=builtins,
        __cached__=None,
        __file__=script,
        __loader__=SourceFileLoader("__main__", script),
    )
    sys.modules["__main__"] = main
    _begin_tracebacks_in(script)
    exec(_compiled(script), main.__dict__)  # noqa: S102  # running the script is the purpose


def _compiled(script: str) -> CodeType:
    try:
        with io.open_code(script) as file:
            source = file.read()
    except OSError as error:
        print(
            f"{sys.executable}: can't open file {script!r}: [Errno {error.errno}] {error.strerror}",
            file=sys.stderr,
        )
        raise SystemExit(2) from None
    return compile(source, script, "exec", dont_inherit=True)


def _begin_tracebacks_in(script: str) -> None:
    """Leave out the frames that led to the script."""
    show = sys.excepthook

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        own = trace
        while own is not None and own.tb_frame.f_code.co_filename != script:
            own = own.tb_next
        if own is not None or isinstance(error, SyntaxError):
            error.__traceback__ = trace = own
        show(kind, error, trace)

    sys.excepthook = hook
