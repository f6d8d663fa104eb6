"""What the vendor's clients need of the Alibaba emulator: its permanent keys, and upload places decoded as they do."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

KEYS = ["vodfast-emulator-aliyun", "vodfast-emulator-aliyun-secret"]


class Place(NamedTuple):
    """UploadAddress and UploadAuth, decoded. `keys` are id, secret and token."""

    media_id: str
    endpoint: str
    bucket: str
    key: str
    prefix: str
    keys: list[str]


def place_of(answer: dict[str, Any]) -> Place:
    """Where an answer of a CreateUpload operation says the file goes."""
    address, auth = (json.loads(base64.b64decode(answer[name])) for name in ("UploadAddress", "UploadAuth"))
    media_id = answer.get("VideoId") or answer.get("ImageId") or answer["MediaId"]
    keys = [auth["AccessKeyId"], auth["AccessKeySecret"], auth["SecurityToken"]]
    prefix = address["FileName"].rpartition("/")[0] + "/"
    return Place(media_id, address["Endpoint"], address["Bucket"], address["FileName"], prefix, keys)


@pytest.fixture(scope="session")
def keys() -> list[str]:
    return KEYS


@pytest.fixture
def place(foreign: Callable[[str], Any], emulator: Any, keys: list[str]) -> Place:
    """What one CreateUploadVideo grants."""
    request = {"Title": "store", "FileName": "store.mp4"}
    return place_of(foreign("aliyun_api").ask("action", name="CreateUploadVideo", keys=keys, request=request))


@pytest.fixture
def stored(emulator: Any) -> Callable[[str], dict[str, Any]]:
    """The emulator's record of one object key."""

    def find(key: str) -> dict[str, Any]:
        (found,) = [item for media in emulator.media() for item in media["objects"] if item["key"] == key]
        return found

    return find
