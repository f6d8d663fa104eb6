"""The emulator's record of the callbacks it delivered."""

from __future__ import annotations

import http.client
import json
import urllib.request
from collections.abc import Iterator
from threading import Event
from typing import Any

import pytest

from tests.listener import listening
from vodfast import Client, TransferConfig, parse_route
from vodfast.emulator import Emulator
from vodfast.providers import provider_names

EVENTS = {
    "volcengine": "FileUploadComplete",
    "aliyun": "FileUploadComplete",
    "tencent": "NewFileUpload",
    "netease": "upload",
}
PLACES = {"volcengine": "demo"}


def ended(emulator: Emulator) -> list[dict[str, Any]]:
    """The deliveries once none is under way."""
    pause = Event()
    while any(record["status"] is None for record in emulator.deliveries()):
        pause.wait(0.01)
    return emulator.deliveries()


@pytest.fixture(params=provider_names())
def client(request: pytest.FixtureRequest, emulator: Emulator) -> Iterator[Client]:
    config = TransferConfig(route=parse_route(emulator.endpoint))
    with Client(request.param, config=config, place=PLACES.get(request.param)) as opened:
        yield opened


def tell(client: Client, emulator: Emulator, url: str) -> None:
    """Have the account's events go to `url`."""
    if client.cloud == "volcengine":  # is told in its console
        emulator.settings(volcengine_callback_url=url)
    else:
        client.set_callback(url)


def test_a_delivery_is_recorded_with_what_came_of_it(client: Client, emulator: Emulator) -> None:
    with listening() as (url, heard):
        tell(client, emulator, url)
        done = client.upload(b"12345", name="clip.mp4")
        heard.get(timeout=120)
        (record,) = ended(emulator)
        assert record.pop("time") > 0
        assert record == {
            "cloud": client.cloud,
            "media_id": done.media_id,
            "event": EVENTS[client.cloud],
            "url": url,
            "attempts": 1,
            "status": 200,
            "error": "",
        }


def test_a_refused_delivery_says_so_and_may_come_again(client: Client, emulator: Emulator) -> None:
    with listening(503) as (url, heard):
        tell(client, emulator, url)
        client.upload(b"12345", name="clip.mp4")
        heard.get(timeout=120)
        (record,) = ended(emulator)
    told = (record["attempts"], record["status"], record["error"])
    assert told == ((2, 200, "") if client.cloud == "aliyun" else (1, 503, "status 503"))


def test_what_counts_as_delivered_is_the_services_own_rule(
    client: Client, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ApsaraVideo VOD wants a 200 within five seconds."""
    patience: list[float] = []
    connect = http.client.HTTPConnection.__init__

    def noted(self: Any, *args: Any, **kwargs: Any) -> None:
        patience.append(kwargs["timeout"])
        connect(self, *args, **kwargs)

    with listening(204) as (url, heard):
        tell(client, emulator, url)
        monkeypatch.setattr("http.client.HTTPConnection.__init__", noted)
        client.upload(b"12345", name="clip.mp4")
        heard.get(timeout=120)
        (record,) = ended(emulator)
    told = (record["attempts"], record["status"], patience)
    assert told == ((2, 200, [5.0, 5.0]) if client.cloud == "aliyun" else (1, 204, [10.0]))


def test_what_is_not_on_loopback_is_recorded_and_not_called(client: Client, emulator: Emulator) -> None:
    tell(client, emulator, "http://callbacks.example.com/cb")
    done = client.upload(b"12345", name="clip.mp4")
    (record,) = emulator.deliveries()
    assert (record["media_id"], record["status"], record["attempts"]) == (done.media_id, 0, 0)
    assert "loopback" in record["error"]


def test_a_callback_nobody_answers_is_told_as_undelivered(emulator: Emulator) -> None:
    with listening() as (url, _):
        pass
    emulator.settings(volcengine_callback_url=url)
    with Client("volcengine", config=TransferConfig(route=parse_route(emulator.endpoint)), place="demo") as client:
        client.upload(b"12345", name="clip.mp4")
    (record,) = ended(emulator)
    assert (record["attempts"], record["status"]) == (1, 0)
    assert "refused" in record["error"]


def test_over_http_and_after_a_reset(emulator: Emulator) -> None:
    emulator.settings(volcengine_callback_url="http://callbacks.example.com/cb")
    with Client("volcengine", config=TransferConfig(route=parse_route(emulator.endpoint)), place="demo") as client:
        client.upload(b"12345", name="clip.mp4")
        client.upload(b"12345", name="clip.png", kind="image")
    with urllib.request.urlopen(f"http://{emulator.endpoint}/_emulator/deliveries") as answer:
        assert json.load(answer) == emulator.deliveries()
    assert len(emulator.deliveries()) == 1, "the event is one of audio and video"
    emulator.reset()
    assert emulator.deliveries() == []
