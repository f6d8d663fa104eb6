"""A script of `voduploadsdk`, one upload after another: on the package itself, unmodified, or with `stand_in` on
vodfast's package of that name. With `playlist` the last file is one.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from importlib import import_module
from typing import Any

from bench.scripts import package_of, paths_of
from bench.stopwatch import contend
from vodfast.credentials import emulator_credentials


def prepare(job: dict[str, Any]) -> Callable[[], dict[str, Any]]:
    package, paths = package_of(job, "voduploadsdk"), paths_of(job)
    playlist = job["options"].get("playlist", False)
    uploads = import_module(f"{package}.AliyunVodUploader")
    requests = import_module(f"{package}.UploadVideoRequest")
    keys = emulator_credentials("aliyun")
    uploader = uploads.AliyunVodUploader(keys.access_key, keys.secret_key.reveal())

    def run() -> dict[str, Any]:
        with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):  # the SDK prints as it goes along
            for path in paths:
                request = requests.UploadVideoRequest(path, "A title")
                (uploader.uploadLocalM3u8 if playlist else uploader.uploadLocalVideo)(request)
        return {}

    return run


if __name__ == "__main__":
    contend(prepare)
