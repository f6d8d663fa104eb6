"""vod-python-sdk, unmodified, through the emulator's https proxy; `threads` uploads at a time."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import certifi

from bench.stopwatch import contend
from vodfast.credentials import emulator_credentials


def prepare(job: dict[str, Any]) -> Callable[[], dict[str, Any]]:
    # Its API client asks certifi, its store client the environment; the installed certifi stays as it is.
    certifi.where = lambda: job["ca"]
    os.environ["REQUESTS_CA_BUNDLE"] = job["ca"]
    for name in ("HTTPS_PROXY", "https_proxy"):
        os.environ[name] = f"http://{job['endpoint']}"
    os.environ["NO_PROXY"] = ""

    from qcloud_vod.model import VodUploadRequest  # what they import may ask certifi at once
    from qcloud_vod.vod_upload_client import VodUploadClient

    keys = emulator_credentials("tencent")
    client = VodUploadClient(keys.access_key, keys.secret_key.reveal())

    def upload(path: str) -> None:
        request = VodUploadRequest()
        request.MediaFilePath = path
        client.upload("ap-guangzhou", request)

    def run() -> dict[str, Any]:
        with ThreadPoolExecutor(job["options"].get("threads", 1)) as pool:
            for _ in pool.map(upload, job["files"]):
                pass
        return {}

    return run


if __name__ == "__main__":
    contend(prepare)
