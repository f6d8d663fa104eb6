"""Files for uploads, and a web server that has them."""

from __future__ import annotations

import functools
import gzip
import http.server
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def make(tmp_path: Path) -> Callable[[str, int], Path]:
    """Writes a file of that name and size."""

    def write(name: str, size: int) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((name.encode() * (size // len(name.encode()) + 1))[:size])
        return path

    return write


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Any]:
    """The folder of the test on the web; `paths` is what was asked for, `owners` by whom, `short` cuts
    answers off."""

    class Serving(http.server.SimpleHTTPRequestHandler):
        def copyfile(self, source: Any, outputfile: Any) -> None:
            self.server.paths.append((self.path, self.headers.get("Range")))
            self.server.owners.append(self.headers.get("Authorization"))
            data = source.read()
            outputfile.write(data[: len(data) // 2] if self.server.short else data)

        def do_GET(self) -> None:
            """What is below /gzip/ comes compressed though nobody asked for it, and below /br/ in a way of its own."""
            _, encoding, name = self.path.split("/", 2) if self.path.count("/") > 1 else ("", "", "")
            if encoding not in ("gzip", "br"):
                super().do_GET()
                return
            data = gzip.compress((tmp_path / name).read_bytes())
            data = data[:-1] if self.server.short else data
            self.send_response(200)
            self.send_header("Content-Encoding", encoding)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None: ...

    handler = functools.partial(Serving, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.paths, server.owners, server.short = [], [], False
        server.address = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()
