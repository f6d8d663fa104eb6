"""`python -m vodfast.compat SCRIPT` is `python SCRIPT` but for what some names mean."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from vodfast.compat import STAND_INS, SUBSTITUTES, aliases

PROJECT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str


Python = Callable[..., Ran]


@pytest.fixture
def python(tmp_path: Path) -> Python:
    """Run the interpreter in an empty folder."""

    def run(*arguments: str, **environment: str) -> Ran:
        ran = subprocess.run(
            [sys.executable, *arguments],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(PROJECT), "HOME": str(tmp_path), **environment},
            timeout=120,
        )
        return Ran(ran.returncode, ran.stdout, ran.stderr)

    return run


SCRIPTS = {
    "what it sees": """
        import os, sys
        print(sys.argv, __name__, __file__, __spec__, __package__, __doc__, type(__loader__), type(__builtins__))
        print(os.path.realpath(sys.path[0]), sys.path[1:], __import__("__main__").__dict__ is globals(), os.getcwd())
        print(sorted(globals()))
        import beside
    """,
    "an error": """
        def inner():
            raise ValueError("no")
        def outer():
            try:
                inner()
            except ValueError as error:
                raise RuntimeError("neither") from error
        outer()
    """,
    "exit code": "import sys; print('first'); sys.exit(7)",
    "exit with words": "import sys; sys.exit('words')",
    "exit with nothing": "raise SystemExit",
    "interrupt": """
        import os, signal, time
        signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored, if whoever runs the tests ignores it
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(60)
    """,
    "syntax error": "def f(:\n    pass\n",
    "syntax error in a module beside it": "import broken",
    "a missing module": "import no_such_module_anywhere",
    "a name the sdk does not have": "import volcengine.no_such_module_anywhere",
    "a future import": "from __future__ import annotations\nclass A:\n    x: undefined\nprint(A.__annotations__)",
    "encoding": "# -*- coding: latin-1 -*-\nprint(ascii('\xe9'))",
    "a hook of its own": "import sys; sys.excepthook = lambda *_: print('hooked'); 1 / 0",
    "at exit": "import atexit; x = 1; atexit.register(lambda: print(x)); print(0)",
    "pickle": "import pickle\nclass A: pass\nprint(type(pickle.loads(pickle.dumps(A()))) is A)",
    "input": "print(input())",
}


@pytest.mark.parametrize("case", SCRIPTS)
@pytest.mark.parametrize("where", ["", "folder"])
def test_a_script_runs_as_python_runs_it(python: Python, tmp_path: Path, case: str, where: str) -> None:
    import textwrap

    folder = tmp_path / where
    folder.mkdir(exist_ok=True)
    (folder / "beside.py").write_text("print('beside', __name__)")
    (folder / "broken.py").write_text("x = (")
    text = textwrap.dedent(SCRIPTS[case])
    (folder / "script.py").write_bytes(text.encode("latin-1") if case == "encoding" else text.encode())
    script = str(Path(where, "script.py"))
    plain = python(script, "-a", "--help", "ä b")
    ours = python("-m", "vodfast.compat", script, "-a", "--help", "ä b")
    if case == "a name the sdk does not have":
        assert "volcengine" in ours.err
        assert ours.code == plain.code == 1
        return
    assert ours == plain


def test_a_script_behind_a_link_finds_what_is_beside_the_script(python: Python, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "beside.py").write_text("print('beside')")
    (tmp_path / "real" / "script.py").write_text("import beside")
    (tmp_path / "link.py").symlink_to(tmp_path / "real" / "script.py")
    assert python("-m", "vodfast.compat", "link.py") == python("link.py") == Ran(0, "beside\n", "")


def test_a_script_that_is_not_there(python: Python) -> None:
    assert python("-m", "vodfast.compat", "gone.py") == python("gone.py")


def test_usage(python: Python) -> None:
    nothing, asked = python("-m", "vodfast.compat"), python("-m", "vodfast.compat", "--help")
    assert (nothing.code, nothing.out) == (2, "")
    assert (asked.code, asked.err) == (0, "")
    assert nothing.err == asked.out
    for name in STAND_INS:
        assert name in asked.out


def test_both_names_are_one_module(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib

    from vodfast.stores.cos import address

    own = address.__spec__
    monkeypatch.setattr(sys, "meta_path", [aliases.AliasFinder({"elsewhere": "vodfast.stores"}), *sys.meta_path])
    monkeypatch.setattr(sys, "modules", dict(sys.modules))
    found = importlib.import_module("elsewhere.cos.address")
    assert found is address
    assert found.__spec__ is own
    assert found.__name__ == "vodfast.stores.cos.address"
    assert sys.modules["elsewhere"] is sys.modules["vodfast.stores"]
    for absent in ("elsewhere.nowhere", "elsewhere.cos.address.more", "elsewherelse"):
        with pytest.raises(ModuleNotFoundError, match=absent):
            importlib.import_module(absent)


def test_what_is_installed_gives_way_to_a_stand_in_but_not_to_a_substitute(python: Python, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    names = [*STAND_INS, *SUBSTITUTES]
    for name in names:
        (tmp_path / f"{name}.py").write_text("installed = True")
    script.write_text(
        f"for name in {names!r}:\n    module = __import__(name)\n    print(name, hasattr(module, 'installed'))\n"
    )
    ran = python("-m", "vodfast.compat", "script.py")
    assert (ran.code, ran.err) == (0, "")
    shown = dict(line.split() for line in ran.out.splitlines())
    present = {name for name in STAND_INS if (PROJECT / "vodfast" / "compat" / name).is_dir()}
    assert shown == {name: str(name not in present) for name in names}
