"""vodfast itself, through its public client with default options and integrity on."""

from __future__ import annotations

import atexit
from collections.abc import Callable
from time import perf_counter
from typing import Any

import msgspec

from bench.stopwatch import contend, processor_seconds
from vodfast.blocking import Client
from vodfast.config import TransferConfig, parse_route
from vodfast.credentials import emulator_credentials
from vodfast.events import AnyEvent, Progress, UploadStarted
from vodfast.items import UploadItem


class Span:
    """From the session being open to the last byte being acknowledged: the transfer without apply and commit."""

    def __init__(self) -> None:
        self.first = self.last = (0.0, 0.0)

    def __call__(self, event: AnyEvent) -> None:
        if isinstance(event, UploadStarted):
            self.first = (perf_counter(), processor_seconds())
        elif isinstance(event, Progress):
            self.last = (perf_counter(), processor_seconds())


def prepare(job: dict[str, Any]) -> Callable[[], dict[str, Any]]:
    config = TransferConfig(route=parse_route(f"{job['scheme']}://{job['endpoint']}"), ca_bundle=job["ca"])
    options = dict(job["options"])
    cloud, place = options.pop("cloud", "tencent"), options.pop("place", None)
    config = msgspec.structs.replace(config, **options)
    client = Client(cloud, credentials=emulator_credentials(cloud), config=config, place=place)
    atexit.register(client.close)
    paths = job["files"]

    def one() -> dict[str, Any]:
        span = Span()
        client.upload(paths[0], events=span)
        wall, processor = (after - before for before, after in zip(span.first, span.last))
        return {"transfer_wall": wall, "transfer_cpu": processor, "transfer_rate": job["bytes"] / wall}

    def many() -> dict[str, Any]:
        results = list(client.upload_many(UploadItem(source=path) for path in paths))
        failed = [result for result in results if result.state != "done"]
        if failed:
            raise SystemExit(f"{len(failed)} of {len(results)} uploads failed, the first: {failed[0].error}")
        return {}

    return one if len(paths) == 1 else many


if __name__ == "__main__":
    contend(prepare)
