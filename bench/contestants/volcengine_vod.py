"""A script of the package `volcengine`, one upload after another: on the package itself, unmodified, or with `stand_in`
on vodfast's package of that name. With `playlist` the last file is one.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib import import_module
from typing import Any

from bench.scripts import package_of, paths_of
from bench.stopwatch import contend
from vodfast.credentials import emulator_credentials


def prepare(job: dict[str, Any]) -> Callable[[], dict[str, Any]]:
    package, paths = package_of(job, "volcengine"), paths_of(job)
    playlist = job["options"].get("playlist", False)
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
        for path in paths:
            upload(path)
        return {}

    return run


if __name__ == "__main__":
    contend(prepare)
