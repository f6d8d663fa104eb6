"""CRC-32 and CRC-64/XZ over one mebibyte, by the extension or by fastcrc: bytes per second of the fastest run."""

from __future__ import annotations

import random
import timeit
from collections.abc import Callable
from typing import Any

import fastcrc

from bench.stopwatch import contend
from vodfast import _native

KERNELS: dict[str, dict[str, Callable[[bytes], int]]] = {
    "vodfast": {"crc32": _native.crc32, "crc64": _native.crc64},
    "fastcrc": {"crc32": fastcrc.crc32.iso_hdlc, "crc64": fastcrc.crc64.xz},
}
SIZE = 1024 * 1024
ROUNDS = 200


def prepare(job: dict[str, Any]) -> Callable[[], dict[str, Any]]:
    data = random.Random(64).randbytes(SIZE)
    kernels = KERNELS[job["options"]["of"]]
    for name, function in kernels.items():
        if function(data) != KERNELS["fastcrc"][name](data):
            raise SystemExit(f"{name} is wrong")

    def run() -> dict[str, Any]:
        rates = {}
        for name, function in kernels.items():
            best = min(timeit.repeat(lambda function=function: function(data), number=ROUNDS, repeat=7))
            rates[f"{name}_rate"] = SIZE * ROUNDS / best
        return rates

    return run


if __name__ == "__main__":
    contend(prepare)
