"""A script of the package `volcengine`, one upload after another: on the package itself, unmodified, through the
emulator's https proxy, or with `stand_in` on vodfast's package of that name. With `playlist` the last file is one.
"""

from __future__ import annotations

import os
from collections.abc import Callable
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
    package = "vodfast.compat.volcengine" if stand_in else "volcengine"
    requests = import_module(f"{package}.vod.models.request.request_vod_pb2")
    service = import_module(f"{package}.vod.VodService").VodService()
    keys = emulator_credentials("volcengine")
    service.set_ak(keys.access_key)
    service.set_sk(keys.secret_key.reveal())

    def upload(path: str) -> None:
        request = requests.VodUploadMediaRequest()
        request.SpaceName = "demo"
        request.FilePath = path
        request.FileExtension = os.path.splitext(path)[1]
        request.SupportParseManifest = playlist
        if playlist:
            request.FileName = "show/index.m3u8"
        service.upload_media(request)

    def run() -> dict[str, Any]:
        for path in job["files"][-1:] if playlist else job["files"]:
            upload(path)
        return {}

    return run


if __name__ == "__main__":
    contend(prepare)
