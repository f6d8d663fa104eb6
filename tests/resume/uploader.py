"""The process that is killed: one upload through the public client, defaults but for the part size."""

from __future__ import annotations

from typing import Any

from vodfast import Client, TransferConfig, parse_route


def main(job: dict[str, Any]) -> None:
    config = TransferConfig(route=parse_route(job["endpoint"]), part_size=job["part_size"])
    with Client(job["cloud"], place=job["place"], config=config) as client:
        client.upload(job["path"])
