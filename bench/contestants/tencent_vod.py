"""A script of `qcloud_vod`, `threads` uploads at a time, one by default: on the package itself, unmodified, or with
`stand_in` on vodfast's package of that name. With `playlist` the last file is one.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import Any

from bench.scripts import package_of, paths_of
from bench.stopwatch import contend
from vodfast.credentials import emulator_credentials


def prepare(job: dict[str, Any]) -> Callable[[], dict[str, Any]]:
    package, paths = package_of(job, "qcloud_vod"), paths_of(job)
    if not job["options"].get("stand_in", False):
        # Its API client asks certifi, its store client the environment; the installed certifi stays as it is.
        certifi = import_module("certifi")
        certifi.where = lambda: job["ca"]
    model = import_module(f"{package}.model")
    keys = emulator_credentials("tencent")
    client = import_module(f"{package}.vod_upload_client").VodUploadClient(keys.access_key, keys.secret_key.reveal())

    def upload(path: str) -> None:
        request = model.VodUploadRequest()
        request.MediaFilePath = path
        client.upload("ap-guangzhou", request)

    def run() -> dict[str, Any]:
        with ThreadPoolExecutor(job["options"].get("threads", 1)) as pool:
            for _ in pool.map(upload, paths):
                pass
        return {}

    return run


if __name__ == "__main__":
    contend(prepare)
