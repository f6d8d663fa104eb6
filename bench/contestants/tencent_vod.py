"""A script of `qcloud_vod`, `threads` uploads at a time, one by default: on the package itself, unmodified, through the
emulator's https proxy, or with `stand_in` on vodfast's package of that name. With `playlist` the last file is one.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import Any

from bench.stopwatch import contend
from vodfast.credentials import emulator_credentials


def prepare(job: dict[str, Any]) -> Callable[[], dict[str, Any]]:
    stand_in, playlist = job["options"].get("stand_in", False), job["options"].get("playlist", False)
    os.environ["REQUESTS_CA_BUNDLE"] = job["ca"]
    if stand_in:
        os.environ["VODFAST_EMULATOR"] = f"{job['scheme']}://{job['endpoint']}"
    else:
        for name in ("HTTPS_PROXY", "https_proxy"):
            os.environ[name] = f"http://{job['endpoint']}"
        os.environ["NO_PROXY"] = ""
        # Its API client asks certifi, its store client the environment; the installed certifi stays as it is.
        certifi = import_module("certifi")
        certifi.where = lambda: job["ca"]
    package = "vodfast.compat.qcloud_vod" if stand_in else "qcloud_vod"
    model = import_module(f"{package}.model")
    keys = emulator_credentials("tencent")
    client = import_module(f"{package}.vod_upload_client").VodUploadClient(keys.access_key, keys.secret_key.reveal())

    def upload(path: str) -> None:
        request = model.VodUploadRequest()
        request.MediaFilePath = path
        client.upload("ap-guangzhou", request)

    def run() -> dict[str, Any]:
        with ThreadPoolExecutor(job["options"].get("threads", 1)) as pool:
            for _ in pool.map(upload, job["files"][-1:] if playlist else job["files"]):
                pass
        return {}

    return run


if __name__ == "__main__":
    contend(prepare)
