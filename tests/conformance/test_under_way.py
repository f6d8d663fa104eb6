"""Every cloud: an upload that was begun, and is waited for or cancelled later."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.conformance.conftest import Cloud
from vodfast import Cancelled, Client, InvalidInput, TransferConfig, UploadItem

ConfigFor = Callable[..., TransferConfig]


@pytest.fixture
def client(config_for: ConfigFor, cloud: Cloud) -> Iterator[Client]:
    with Client(cloud.name, config=config_for(part_size=cloud.part, resume=False), place=cloud.place) as client:
        yield client


def test_it_is_waited_for_and_tells_when_it_is_done(
    client: Client, vodfast_emulator: Any, cloud: Cloud, media_file: Any
) -> None:
    ended = threading.Event()
    upload = client.begin(UploadItem(source=media_file(2 * cloud.part)))
    upload.when_done(ended.set)
    result = upload.result()
    assert ended.wait(10)
    assert [media["media_id"] for media in vodfast_emulator.media()] == [result.media_id]
    upload.cancel()
    assert upload.result() == result, "it is too late for that"
    with pytest.raises(InvalidInput):
        client.begin(UploadItem(source="/gone.mp4")).result()


def test_cancelling_one_leaves_the_others_alone(
    client: Client, vodfast_emulator: Any, cloud: Cloud, media_file: Any
) -> None:
    path = media_file(4 * cloud.part)
    moving, left = threading.Event(), threading.Event()

    def hold(_: object) -> None:
        moving.set()

    first = client.begin(UploadItem(source=path, name="first.mp4", force_new=True), events=hold)
    second = client.begin(UploadItem(source=path, name="second.mp4", force_new=True))
    second.when_done(left.set)
    assert moving.wait(10)
    first.cancel()
    with pytest.raises(Cancelled):
        first.result()
    assert second.result().media_id in [media["media_id"] for media in vodfast_emulator.media()]
    assert left.wait(10)
