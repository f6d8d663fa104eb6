"""A pull whose answer was lost on a kept connection is not asked for again: a second one is a second media, and a
second bill.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from vodfast import Client, TransferConfig, VodfastError

PULLS = {"tencent": "PullUpload", "aliyun": "UploadMediaByURL", "volcengine": "UploadMediaByUrl"}


@pytest.mark.parametrize("cloud", PULLS)
def test_a_lost_pull_is_asked_for_once(
    config_for: Callable[..., TransferConfig], vodfast_emulator: Any, cloud: str
) -> None:
    place = "demo" if cloud == "volcengine" else None
    with Client(cloud, config=config_for(), place=place) as client:
        client.pull(["http://cdn.example/first.mp4"])
        vodfast_emulator.set_faults([{"action": "drop_reply", "match": {"operation": PULLS[cloud]}}])
        with pytest.raises(VodfastError) as caught:
            client.pull(["http://cdn.example/second.mp4"])
    assert caught.value.unsettled
    asked = [record for record in vodfast_emulator.history() if record["operation"] == PULLS[cloud]]
    assert len(asked) == 2
