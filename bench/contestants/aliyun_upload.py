"""A script of `voduploadsdk`, one upload after another: on the package itself, unmodified, through the emulator's
proxy, or with `stand_in` on vodfast's package of that name. With `playlist` the last file is one.
"""

from __future__ import annotations

import contextlib
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
        os.environ["VODFAST_CA_BUNDLE"] = job["ca"]
    else:
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"):
            os.environ[name] = f"http://{job['endpoint']}"
        os.environ["NO_PROXY"] = ""
    package = "vodfast.compat.voduploadsdk" if stand_in else "voduploadsdk"
    uploads = import_module(f"{package}.AliyunVodUploader")
    requests = import_module(f"{package}.UploadVideoRequest")
    keys = emulator_credentials("aliyun")
    uploader = uploads.AliyunVodUploader(keys.access_key, keys.secret_key.reveal())

    def run() -> dict[str, Any]:
        with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):  # the SDK prints as it goes along
            for path in job["files"][-1:] if playlist else job["files"]:
                request = requests.UploadVideoRequest(path, "A title")
                (uploader.uploadLocalM3u8 if playlist else uploader.uploadLocalVideo)(request)
        return {}

    return run


if __name__ == "__main__":
    contend(prepare)
