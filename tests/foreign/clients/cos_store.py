"""cos-python-sdk-v5, unmodified, as a job server: `open` a client once, then any method of it.

An argument named `Body` that is an object `{"file": path}` is opened and streamed; `{"text": ...}` is sent as bytes.
"""

from __future__ import annotations

import contextlib
from typing import Any

from jobs import serve
from qcloud_cos import CosConfig, CosS3Client

_client: CosS3Client | None = None


def open_client(**config: Any) -> None:
    """Make the process's one client; `config` holds `CosConfig` arguments."""
    global _client
    _client = CosS3Client(CosConfig(**config))


def method(name: str, arguments: dict[str, Any]) -> Any:
    """One method of the client by name."""
    with contextlib.ExitStack() as files:
        body = arguments.get("Body")
        if isinstance(body, dict):
            arguments["Body"] = (
                files.enter_context(open(body["file"], "rb")) if "file" in body else body["text"].encode()
            )
        answer = getattr(_client, name)(**arguments)
        if isinstance(answer, dict) and hasattr(answer.get("Body"), "get_raw_stream"):
            answer["Body"] = answer["Body"].get_raw_stream().read().decode("latin-1")
        return answer


if __name__ == "__main__":
    serve({"open": open_client, "method": method})
