"""Uploads to NetEase, one after another: with `stand_in` a script of `vcloud` on vodfast's package of that name, else
the requests that package makes, in its order, since no index has it: nodes looked up for every file, chunks of 4 MiB, a
question for the media id at the end.
"""

from __future__ import annotations

import hashlib
import os
import time
import uuid
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from bench.scripts import package_of, paths_of
from bench.stopwatch import contend
from vodfast.credentials import emulator_credentials

_CHUNK = 4 * 1024 * 1024


class _Requests:
    """What `vcloud` 1.0.2 sends for a file (sections 3 to 5 of the protocol notes), over one session."""

    def __init__(self, key: str, secret: str) -> None:
        self._session = import_module("requests").Session()
        nonce, now = str(uuid.uuid4()), str(int(time.time()))
        proof = hashlib.sha1(f"{secret}{nonce}{now}".encode()).hexdigest()
        self._headers = {"AppKey": key, "Nonce": nonce, "CurTime": now, "CheckSum": proof}

    def _ask(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = self._session.post(f"https://vcloud.163.com/app/vod/{path}", json=body, headers=self._headers)
        found: dict[str, Any] = answer.json()["ret"]
        return found

    def upload_file(self, body: dict[str, Any], path: str) -> None:
        opened = self._ask("upload/init", body)
        nodes = self._session.get("https://wanproxy.127.net/lbs", params={"version": "1.0"}).json()["upload"]
        size, offset = Path(path).stat().st_size, 0
        query = {"version": "1.0"}
        with open(path, "rb") as stream:
            while piece := stream.read(_CHUNK):
                complete = "true" if offset + len(piece) == size else "false"
                answer = self._session.post(
                    f"{nodes[0]}/{opened['bucket']}/{opened['object']}",
                    params=query | {"offset": str(offset), "complete": complete},
                    data=piece,
                    headers={"x-nos-token": opened["xNosToken"], "Content-Type": "application/octet-stream"},
                ).json()
                offset, query["context"] = answer["offset"], answer["context"]
        self._ask("video/query", {"objectNames": [opened["object"]]})


def prepare(job: dict[str, Any]) -> Callable[[], dict[str, Any]]:
    package, paths = package_of(job, "vcloud"), paths_of(job)
    keys = emulator_credentials("netease")
    account = keys.access_key, keys.secret_key.reveal()
    if job["options"].get("stand_in", False):
        import_module(f"{package}.config").TMP_FILE = os.path.join(os.environ["VODFAST_STATE_DIR"], "records")
        client = import_module(package).Client(*account)
    else:
        client = _Requests(*account)

    def run() -> dict[str, Any]:
        for path in paths:
            client.upload_file({"originFileName": os.path.basename(path)}, path)
        return {}

    return run


if __name__ == "__main__":
    contend(prepare)
