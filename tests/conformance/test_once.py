"""What must not be done twice is not sent twice, not even by the HTTP library on a kept connection that has died."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vodfast import Client, TransferConfig
from vodfast.errors import VodfastError

URL = "http://127.0.0.1:9/clip.mp4"
CASES: dict[str, tuple[str, str, Callable[[Client], object]]] = {
    "volcengine pull": ("volcengine", "UploadMediaByUrl", lambda client: client.pull([URL])),
    "aliyun pull": ("aliyun", "UploadMediaByURL", lambda client: client.pull([URL])),
    "tencent pull": ("tencent", "PullUpload", lambda client: client.pull([URL])),
    "netease call by name": (
        "netease",
        "upload/init",
        lambda client: client.invoke("upload/init", {"originFileName": "clip.mp4"}),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_lost_answer_on_a_kept_connection(
    config_for: Callable[..., TransferConfig], vodfast_emulator: Any, case: str
) -> None:
    cloud, operation, act = CASES[case]
    place = "vodfast-space" if cloud == "volcengine" else None
    with Client(cloud, config=config_for(resume=False), place=place) as client:
        client.check_clock()  # now there is a connection to keep
        vodfast_emulator.set_faults([{"match": {"operation": operation}, "action": "drop_reply"}])
        with pytest.raises(VodfastError, match="without an answer"):
            act(client)
    asked = [record["operation"] for record in vodfast_emulator.history()]
    assert asked.count(operation) == 1


@pytest.mark.parametrize("other", [{"place": "101"}, {"settings": {"region": "ap-beijing"}}], ids=str)
def test_a_file_is_uploaded_once_for_each_place_and_each_setting_of_the_service(
    config_for: Callable[..., TransferConfig],
    vodfast_emulator: Any,
    media_file: Callable[..., Path],
    other: dict[str, Any],
) -> None:
    file = media_file(1000)
    for arguments, made in (({}, 1), ({}, 1), (other, 2), (other, 2), ({}, 2)):
        with Client("tencent", config=config_for(), **arguments) as client:
            assert client.upload(file).state == "done"
        assert vodfast_emulator.meter()["media_created"] == made
