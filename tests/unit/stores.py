"""What unit tests of object stores give and judge: bodies that are never opened, answers, and unusable ones."""

from __future__ import annotations

from typing import Any

import pytest

from vodfast.errors import ErrorKind, RetryClass, VodfastError
from vodfast.transfer.message import Response
from vodfast.transfer.ports import Call


class Body:
    """A body of which a request needs the length, and the CRC-32 where its header says one."""

    def __init__(self, length: int, crc: int | None = None) -> None:
        self.length = length
        self.crc = crc

    def open(self, digest: str | None) -> Any:
        raise AssertionError

    def checksum(self, digest: str) -> int:
        assert digest == "crc32"
        assert self.crc is not None
        return self.crc


def answer(body: bytes | str = b"", *headers: tuple[str, str], status: int = 200) -> Response:
    return Response(status=status, headers=headers, body=body.encode() if isinstance(body, str) else body)


def unusable(call: Call[Any], response: Response) -> VodfastError:
    """The error for an answer that promises success and cannot be used, which another try may mend."""
    with pytest.raises(VodfastError) as caught:
        call.parse(response)
    assert (caught.value.kind, caught.value.retry) == (ErrorKind.UNEXPECTED, RetryClass.LATER)
    return caught.value
