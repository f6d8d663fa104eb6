"""`python -m vodfast.compat SCRIPT` is `python SCRIPT` but for what some names mean."""

from __future__ import annotations

import multiprocessing
import py_compile
import subprocess
import sys
import zipapp
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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

    def run(*arguments: str, stdin: str = "", **environment: str) -> Ran:
        ran = subprocess.run(
            [sys.executable, *arguments],
            input=stdin,
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
    "a hook that looks at the traceback": """
        import sys, traceback
        def inner():
            raise KeyError("no")
        def hook(kind, error, trace):
            print(kind.__name__, trace.tb_frame.f_code.co_name, trace is error.__traceback__)
            print("".join(traceback.format_exception(kind, error, trace)))
        print(sys.excepthook is sys.__excepthook__)
        sys.excepthook = hook
        inner()
    """,
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


def test_what_lies_in_the_working_folder_does_not_pass_for_a_library(python: Python, tmp_path: Path) -> None:
    for name in ("nt", "queue", "token", "multiprocessing"):  # the runner needs them, or what it needs does
        (tmp_path / f"{name}.py").write_text("raise RuntimeError('not for the runner')")
    (tmp_path / "elsewhere").mkdir()
    script = "elsewhere/script.py"
    (tmp_path / script).write_text("import qcloud_vod.model, sys; print('' in sys.path, sys.path[0])")
    assert python("-m", "vodfast.compat", script) == Ran(0, f"False {tmp_path / 'elsewhere'}\n", "")


def test_a_compiled_script_runs_as_python_runs_it(python: Python, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text("import sys; print(__file__, sys.argv)\ndef f(): 1 / 0\nf()\n")
    py_compile.compile(str(tmp_path / "script.py"), str(tmp_path / "script.pyc"))
    assert python("-m", "vodfast.compat", "script.pyc", "a") == python("script.pyc", "a")


def test_a_script_may_come_through_a_pipe(tmp_path: Path) -> None:
    command = 'exec "$0" -m vodfast.compat <(echo "import sys; print(sys.argv[1:])") a'
    ran = subprocess.run(
        ["bash", "-c", command, sys.executable], capture_output=True, text=True, cwd=PROJECT, timeout=120
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "['a']\n", "")


def test_a_script_behind_a_link_finds_what_is_beside_the_script(python: Python, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "beside.py").write_text("print('beside')")
    (tmp_path / "real" / "script.py").write_text("import beside")
    (tmp_path / "link.py").symlink_to(tmp_path / "real" / "script.py")
    assert python("-m", "vodfast.compat", "link.py") == python("link.py") == Ran(0, "beside\n", "")


@pytest.mark.parametrize("name", ["gone.py", "./gone.py", "gone/gone.py"])
def test_a_script_that_is_not_there(python: Python, name: str) -> None:
    assert python("-m", "vodfast.compat", name) == python(name)


@pytest.mark.parametrize("name", ["./script.py", ".//script.py", "folder/../script.py"])
def test_a_script_goes_by_the_name_it_was_given(python: Python, tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "script.py").write_text("import sys; print(__file__, sys.argv, sys.path[0])\n1 / 0\n")
    assert python("-m", "vodfast.compat", name, "a") == python(name, "a")


@pytest.mark.parametrize("name", ["folder", "./folder/", "app.pyz"])
def test_a_folder_or_a_zip_file_runs_as_python_runs_it(python: Python, tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    facts = "__name__, __package__, __file__, __spec__.name, type(__loader__), sys.argv, sys.path[0]"
    (tmp_path / "folder" / "__main__.py").write_text(f"import sys, beside\nprint({facts})\n")
    (tmp_path / "folder" / "beside.py").write_text("print('beside')")
    zipapp.create_archive(tmp_path / "folder", tmp_path / "app.pyz")
    ours = python("-m", "vodfast.compat", name, "-x")
    assert ours == python(name, "-x")
    assert ours.code == 0
    (tmp_path / "folder" / "__main__.py").unlink()
    assert python("-m", "vodfast.compat", "folder") == python("folder")


@pytest.mark.parametrize("module", ["app", "app.inside", "single"])
def test_a_module_runs_as_python_runs_it(python: Python, tmp_path: Path, module: str) -> None:
    (tmp_path / "app").mkdir()
    facts = "import sys; print(__name__, __package__, __file__, __spec__.name, sys.argv, sys.path[0])"
    for name in ("app/__init__", "app/__main__", "app/inside", "single"):
        (tmp_path / f"{name}.py").write_text(f"{facts}\nif len(sys.argv) > 2: raise SystemExit(int(sys.argv[2]))\n")
    assert python("-m", "vodfast.compat", "-m", module, "-x") == python("-m", module, "-x")
    assert python("-m", "vodfast.compat", "-m", module, "-x", "7").code == 7


def test_tests_of_a_script_run_without_a_warning(python: Python, tmp_path: Path) -> None:
    (tmp_path / "test_upload.py").write_text(
        "from qcloud_vod.vod_upload_client import VodUploadClient\n"
        "def test_patched(monkeypatch):\n"
        "    monkeypatch.setattr('qcloud_vod.vod_upload_client.VodUploadClient.upload', lambda *_: 5)\n"
        "    assert VodUploadClient('id', 'key').upload('region', None) == 5\n"
    )
    ran = python("-m", "vodfast.compat", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:asyncio")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines()[-1].startswith("1 passed in")


@pytest.mark.parametrize("module", ["nowhere", "nowhere.inside", "app", "app.nowhere"])
def test_a_module_that_cannot_be_run(python: Python, tmp_path: Path, module: str) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "__init__.py").write_text("")
    ran = python("-m", "vodfast.compat", "-m", module)
    assert (ran.code, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert f"No module named {module.partition('.')[0] if 'nowhere.' in module else module}" in ran.err.replace("'", "")
    if module == "app":
        assert ran == python("-m", module)


TEXT = """'doc'
import sys, vcloud
print(sys.argv, sorted(globals()), repr(sys.path[0]), __spec__, __loader__, __doc__, __package__)
def f(): 1 / 0
f()
"""


@pytest.mark.parametrize("text", [TEXT, "x = (", "print(ascii('\xe4'))"])
def test_a_command_and_standard_input_run_as_python_runs_them(python: Python, tmp_path: Path, text: str) -> None:
    (tmp_path / "vcloud.py").touch()  # what plain python imports
    for how, given in ((["-c", text], ""), (["-"], text)):
        ours = python("-m", "vodfast.compat", *how, "-a", "b", stdin=given)
        assert ours == python(*how, "-a", "b", stdin=given)
        assert ours.code == int("ascii" not in text)
        asks = "import vcloud; print(vcloud.__name__)"
        said = python("-m", "vodfast.compat", *how[:1], *[asks for _ in how[1:]], stdin=asks)
        assert said == Ran(0, "vodfast.compat.vcloud\n", "")


@pytest.mark.parametrize("option", ["-c", "-m", "--version", "-u"])
def test_what_is_neither_a_script_nor_a_module_is_refused_in_one_line(python: Python, option: str) -> None:
    ran = python("-m", "vodfast.compat", option)
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert f"{option} is no script; see python -m vodfast.compat --help" in ran.err


WITHOUT_STREAMS = """
import os, sys
from qcloud_vod.model import VodUploadRequest
from qcloud_vod.vod_upload_client import VodUploadClient
for number in map(int, sys.argv[1]):
    os.close(number)
request = VodUploadRequest()
request.MediaFilePath = "clip.mp4"
with open("media", "w") as file:
    file.write(VodUploadClient("id", "key").upload("ap-guangzhou", request).FileId)
"""


@pytest.mark.parametrize("closed", ["0", "012"])
def test_a_script_without_standard_streams_uploads_and_ends_as_ever(
    python: Python, tmp_path: Path, vodfast_emulator: Any, closed: str
) -> None:
    (tmp_path / "clip.mp4").write_bytes(bytes(1000))
    (tmp_path / "script.py").write_text(WITHOUT_STREAMS)
    ran = python("-m", "vodfast.compat", "script.py", closed, VODFAST_EMULATOR=vodfast_emulator.endpoint)
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    (item,) = vodfast_emulator.media()
    assert (item["media_id"], item["state"]) == ((tmp_path / "media").read_text(), "committed")


CHILDREN = """
import concurrent.futures, multiprocessing, sys
from qcloud_vod.vod_upload_client import VodUploadClient

def leads(_):
    import volcengine.vod.VodService
    return VodUploadClient.__module__, volcengine.vod.VodService.__name__

def asks(_):
    with context.Pool(1) as pool:
        return pool.map(leads, [1])

context = multiprocessing.get_context(sys.argv[1])
if __name__ == "__main__":
    with context.Pool(2) as pool:
        print(pool.map(leads, range(2)))
    process = context.Process(target=print, args=(leads(1),))
    process.start()
    process.join()
    with concurrent.futures.ProcessPoolExecutor(1, context) as pool:
        print(list(pool.map(asks, [1])))
"""


@pytest.mark.parametrize("how", multiprocessing.get_all_start_methods())
def test_child_processes_know_the_names(python: Python, tmp_path: Path, how: str) -> None:
    (tmp_path / "script.py").write_text(CHILDREN)
    ran = python("-W", "ignore", "-m", "vodfast.compat", "script.py", how)
    one = ("vodfast.compat.qcloud_vod.vod_upload_client", "vodfast.compat.volcengine.vod.VodService")
    assert ran == Ran(0, f"{[one, one]}\n{one}\n{[[one]]}\n", "")


def test_workers_of_pytest_know_the_names(python: Python, tmp_path: Path) -> None:
    pytest.importorskip("xdist")
    for folder in ("", "inner"):  # one conftest is imported before the worker's session begins, one within it
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / "conftest.py").write_text("from volcengine.vod.VodService import VodService")
    (tmp_path / "inner" / "test_names.py").write_text(
        "import multiprocessing, os\n"
        "def leads():\n"
        "    from qcloud_vod.vod_upload_client import VodUploadClient\n"
        "    return VodUploadClient.__module__\n"
        "def test_names():\n"
        "    assert 'PYTEST_XDIST_WORKER' in os.environ\n"
        "    assert leads() == 'vodfast.compat.qcloud_vod.vod_upload_client'\n"
        "    with multiprocessing.get_context('spawn').Pool(1) as pool:\n"
        "        assert pool.apply(leads) == leads()\n"
    )
    arguments = ("-m", "pytest", "-q", "-n", "1", "-p", "no:cacheprovider", "--import-mode=importlib")
    ran = python("-m", "vodfast.compat", *arguments, "-W", "error::pytest.PytestAssertRewriteWarning")
    assert ran.code == 0, ran.out + ran.err
    assert "1 passed" in ran.out
    assert python(*arguments).code != 0


def test_a_name_that_leads_nowhere_says_what_there_is(python: Python, tmp_path: Path) -> None:
    for name, here in (
        ("qcloud_vod.nowhere", "qcloud_vod' has common, errors, exception, model, vod_upload_client; others"),
        ("volcengine.visual.VisualService", "volcengine' has"),
        ("tencentcloud.vod.v20180717", "tencentcloud' has common; others"),
        ("qcloud_cos.nowhere", "qcloud_cos' has cos_exception; others"),
    ):
        (tmp_path / "script.py").write_text(
            f"try:\n    import {name}\nexcept ModuleNotFoundError as error:\n    print(error.name)\nimport {name}\n"
        )
        ran = python("-m", "vodfast.compat", "script.py")
        missing = ".".join(name.split(".")[:2])
        assert (ran.code, ran.out) == (1, f"{missing}\n")
        said = ran.err.splitlines()[-1]
        assert said.startswith(f"ModuleNotFoundError: No module named '{missing}': vodfast's '{here}")
        assert said.endswith("from the vendor's package, if that is installed")


def test_what_has_no_stand_in_is_the_vendors_among_its_own(python: Python, tmp_path: Path) -> None:
    vendor = tmp_path / "volcengine"
    for path, text in {
        "__init__.py": "print('the vendor')",
        "Policy.py": "INSIDE = 1",
        "rest/__init__.py": "from volcengine.Policy import INSIDE",
        "visual/__init__.py": "import volcengine.rest\nfrom . import near",
        "visual/near.py": "import volcengine",
    }.items():
        (vendor / path).parent.mkdir(exist_ok=True, parents=True)
        (vendor / path).write_text(text)
    (tmp_path / "script.py").write_text("""
import sys
import volcengine.visual
from volcengine import Policy, rest
from volcengine.visual import near
try:
    from volcengine.visual import nothing
except ImportError as error:
    print(type(error).__name__, error.name)
from volcengine.vod.VodService import VodService
print(volcengine.__name__, Policy.__name__, hasattr(Policy, "INSIDE"), VodService.__module__)
print(volcengine.visual.__name__, volcengine.rest is rest is sys.modules["volcengine.rest"], rest.INSIDE)
print(near.volcengine.__file__, near.volcengine.rest is rest, near is volcengine.visual.near, near.__spec__.name)
""")
    ran = python("-m", "vodfast.compat", "script.py")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines() == [
        "the vendor",
        "ImportError volcengine.visual",
        "vodfast.compat.volcengine vodfast.compat.volcengine.Policy False vodfast.compat.volcengine.vod.VodService",
        "volcengine.visual True 1",
        f"{vendor / '__init__.py'} True True volcengine.visual.near",
    ]


def test_a_script_with_its_imports_changed_by_hand_does_the_same(
    python: Python, tmp_path: Path, vodfast_emulator: Any
) -> None:
    for name, size in (("Wildlife.mp4", 300_000), ("Wildlife-Cover.png", 9_000), ("large.mp4", 6_000_000)):
        (tmp_path / name).write_bytes(bytes(size))
    text = (PROJECT / "tests" / "foreign" / "scripts" / "tencent_service.py").read_text()
    (tmp_path / "unchanged.py").write_text(text)
    (tmp_path / "changed.py").write_text(text.replace("from qcloud_vod", "from vodfast.compat.qcloud_vod"))
    seen = []
    for how in (["-m", "vodfast.compat", "unchanged.py"], ["changed.py"]):
        vodfast_emulator.reset()
        keys = ("vodfast-emulator-tencent", "vodfast-emulator-tencent-secret")
        ran = python("-W", "ignore", *how, *keys, VODFAST_EMULATOR=vodfast_emulator.endpoint)
        assert (ran.code, ran.err) == (3, "")
        seen.append((ran.out, sorted(entry["operation"] for entry in vodfast_emulator.history())))
    assert seen[0] == seen[1]
    assert seen[0][0].count("\n") == 12


def test_usage(python: Python) -> None:
    nothing, asked = python("-m", "vodfast.compat"), python("-m", "vodfast.compat", "--help")
    assert (nothing.code, nothing.out) == (2, "")
    assert (asked.code, asked.err) == (0, "")
    assert nothing.err == asked.out
    for name in STAND_INS:
        assert name in asked.out


def test_messages_become_json_with_protobuf_or_without(python: Python, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(
        "from google.protobuf.json_format import MessageToJson\n"
        "from volcengine.vod.models.request.request_vod_pb2 import VodUploadMediaRequest\n"
        "print(MessageToJson(VodUploadMediaRequest(SpaceName='s'), indent=None))\n"
    )
    assert python("-m", "vodfast.compat", "script.py") == Ran(0, '{"SpaceName": "s"}\n', "")


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


EVERY_MODULE = """
import importlib, pkgutil, vodfast.compat as compat
from vodfast.compat import vendors
for top, own in {**compat.STAND_INS, **compat.SUBSTITUTES}.items():
    if top in compat.STAND_INS or not vendors.installed(top):
        package = importlib.import_module(top)
        for found in pkgutil.walk_packages(package.__path__, f"{top}."):
            module = importlib.import_module(found.name)
            same = importlib.import_module(f"vodfast.compat.{found.name}")
            if module is not same or module.__name__ != same.__name__:
                print(found.name)
print("seen")
"""


def test_no_module_is_there_twice(python: Python, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(EVERY_MODULE)
    assert python("-m", "vodfast.compat", "script.py") == Ran(0, "seen\n", "")


def test_exceptions_are_the_same_from_wherever_they_are_imported(python: Python, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text("""
from qcloud_cos import CosClientError, CosServiceError, cos_exception
from qcloud_cos.cos_exception import CosException
from tencentcloud.common.exception import TencentCloudSDKException, tencent_cloud_sdk_exception
from qcloud_vod import vod_upload_client
print(CosClientError is cos_exception.CosClientError, issubclass(CosServiceError, CosException))
print(TencentCloudSDKException is tencent_cloud_sdk_exception.TencentCloudSDKException)
print(TencentCloudSDKException is vod_upload_client.TencentCloudSDKException)
""")
    assert python("-m", "vodfast.compat", "script.py") == Ran(0, "True True\nTrue\nTrue\n", "")


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
