"""Running a script the way `python SCRIPT` does, a module the way `python -m MODULE` does, and a text the way
`python -c TEXT` and `python -` do.

Decides what it sees (`__main__`, `sys.argv`, `sys.path`) and that its tracebacks begin with its own lines. Leaves exit
codes to the interpreter: whatever the script raises goes on to it.
"""

from __future__ import annotations

import builtins
import contextlib
import importlib.util
import io
import os
import pkgutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.machinery import BuiltinImporter, ModuleSpec, SourceFileLoader
from types import CodeType, ModuleType, TracebackType
from typing import Final

_TEXTS: Final[Mapping[str, tuple[str, Mapping[str, object]]]] = {
    "-c": ("<string>", {}),
    "-": ("<stdin>", {"__file__": "<stdin>", "__cached__": None}),
}
"""By the argument a text is given with: what tracebacks call it, and which attributes it has beside the others."""


def run(script: str, arguments: Sequence[str]) -> None:
    """Run a script to its end as `__main__`; of a folder or a zip file, its `__main__.py`.

    Raises:
        SystemExit: the script cannot be read; with the words and the code of the interpreter.
        BaseException: whatever the script raised.
    """
    sys.argv = [script, *arguments]
    place = os.path.join(os.getcwd(), script)
    finder = pkgutil.get_importer(place)
    if finder is not None:
        sys.path.insert(0, place)
        spec = finder.find_spec("__main__", None)
        if spec is None:
            raise SystemExit(f"{sys.executable}: can't find '__main__' module in {os.path.abspath(script)!r}")
        _run_found(spec, _code_of(spec))
        return
    script = os.path.join(os.getcwd(), script)
    if not sys.flags.safe_path:
        sys.path.insert(0, os.path.dirname(os.path.realpath(script)))
    main = _new_main(__file__=script, __cached__=None, __loader__=SourceFileLoader("__main__", script))
    with _tracebacks_beginning_in(main):
        _execute(_compiled(script), main)


def run_module(name: str, arguments: Sequence[str]) -> None:
    """Run a module, or the `__main__` of a package, to its end as `__main__`.

    Raises:
        SystemExit: there is no such module; with the words and the code of the interpreter.
        BaseException: whatever the module raised.
    """
    sys.argv = ["-m", *arguments]
    if not sys.flags.safe_path:
        sys.path.insert(0, os.getcwd())
    spec = _found(name)
    code = _code_of(spec)
    sys.argv[0] = code.co_filename
    _run_found(spec, code)


def run_text(text: str | bytes, name: str, arguments: Sequence[str]) -> None:
    """Run a text that is in no file to its end as `__main__`. `name` is what `sys.argv` calls it: `-c` or `-`.

    Raises:
        BaseException: whatever the text raised.
    """
    sys.argv = [name, *arguments]
    if not sys.flags.safe_path:
        sys.path.insert(0, "")
    file, attributes = _TEXTS[name]
    main = _new_main(__loader__=BuiltinImporter, **attributes)
    with _tracebacks_beginning_in(main):
        _execute(compile(text, file, "exec", dont_inherit=True), main)


def _run_found(spec: ModuleSpec, code: CodeType) -> None:
    main = _new_main(
        __file__=code.co_filename,
        __cached__=spec.cached,
        __loader__=spec.loader,
        __package__=spec.parent,
        __spec__=spec,
    )
    with _tracebacks_beginning_in(main):
        _execute(code, main)


def _execute(code: CodeType, main: ModuleType) -> None:
    exec(code, main.__dict__)  # noqa: S102  # running what one was given is the purpose


def _new_main(**attributes: object) -> ModuleType:
    """The module that is to run, in the place of the one that runs it."""
    main = sys.modules["__main__"] = ModuleType("__main__")
    main.__dict__.update(attributes, __annotations__={}, __builtins__=builtins)
    return main


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
    compiled: CodeType | None = pkgutil.read_code(io.BytesIO(source))  # None if it is no .pyc
    return compiled or compile(source, script, "exec", dont_inherit=True)


def _found(name: str) -> ModuleSpec:
    package = ""
    try:
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.submodule_search_locations is not None:
            package = f"; {name!r} is a package and cannot be directly executed"
            name = f"{name}.__main__"
            spec = importlib.util.find_spec(name)
    except ImportError as error:
        raise SystemExit(f"{sys.executable}: {error}") from None
    if spec is None:
        raise SystemExit(f"{sys.executable}: No module named {name}{package}")
    return spec


def _code_of(spec: ModuleSpec) -> CodeType:
    get_code = getattr(spec.loader, "get_code", None)
    code: CodeType | None = get_code and get_code(spec.name)
    if code is None:
        raise SystemExit(f"{sys.executable}: {spec.name} is not written in Python")
    return code


@contextlib.contextmanager
def _tracebacks_beginning_in(main: ModuleType) -> Iterator[None]:
    """Leave out the frames that led to this module's, for the hook of the interpreter or the one a script has set."""
    try:
        yield
    except BaseException:
        show = sys.excepthook

        def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
            own = trace
            while own is not None and own.tb_frame.f_globals is not main.__dict__:
                own = own.tb_next
            if own is not None or isinstance(error, SyntaxError):
                error.__traceback__ = trace = own
            show(kind, error, trace)

        sys.excepthook = hook
        raise
