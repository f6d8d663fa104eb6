"""An address on loopback to which callbacks go, and what arrived there."""

from __future__ import annotations

import contextlib
import http.server
import queue
import threading
from collections.abc import Iterator
from typing import Any

Heard = "queue.Queue[tuple[dict[str, str], bytes]]"


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        server: Any = self.server
        server.heard.put((dict(self.headers.items()), body))
        self.send_response(server.answers.pop(0) if server.answers else 200)
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


@contextlib.contextmanager
def listening(*answers: int) -> Iterator[tuple[str, Any]]:
    """The URL, and a queue of (headers, body) of what is posted to it. The first posts are answered `answers`."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        heard: queue.Queue[tuple[dict[str, str], bytes]] = queue.Queue()
        server.heard, server.answers = heard, [*answers]
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/cb", heard
        finally:
            server.shutdown()
            thread.join()
