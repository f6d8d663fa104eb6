"""A machine whose clock is wrong uploads all the same: the first refusal tells the time, and everything after it is
signed by the service's clock. Judged by the emulator, whose clock is the one that is set."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.resume.conftest import CLOUDS, Cloud
from vodfast import AuthError, Client, TransferConfig
from vodfast.config import MIB
from vodfast.credentials import Credentials, emulator_credentials
from vodfast.events import Progress

HOUR, DAY = 3600.0, 86400.0
ConfigFor = Callable[..., TransferConfig]

each_cloud = pytest.mark.parametrize("cloud", CLOUDS, ids=str)


@pytest.fixture
def clocked(vodfast_emulator: Any) -> Callable[[float], None]:
    """Set how far the services' clocks are ahead. NetEase's minds only where it is told to."""

    def set_to(ahead: float) -> None:
        vodfast_emulator.settings(clock_offset=ahead, netease_freshness=300)

    return set_to


def client_of(cloud: Cloud, config: TransferConfig) -> Client:
    return Client(cloud.name, place=cloud.place, config=config)


def judge(emulator: Any, path: Path, result: Any) -> None:
    (media,) = [media for media in emulator.media() if media["state"] == "committed"]
    assert media["media_id"] == result.media_id
    assert [held["sha256"] for held in media["objects"]] == [hashlib.sha256(path.read_bytes()).hexdigest()]
    assert emulator.meter()["media_created"] == 1


def refused(emulator: Any) -> list[str]:
    return [record["operation"] for record in emulator.history() if record["code"]]


@each_cloud
@pytest.mark.parametrize("ahead", [4000.0, -4000.0, DAY, -DAY])
def test_one_refusal_sets_the_time_for_all_that_follows(
    vodfast_emulator: Any,
    config_for: ConfigFor,
    media_file: Callable[..., Path],
    clocked: Any,
    cloud: Cloud,
    ahead: float,
) -> None:
    clocked(ahead)
    path = media_file(2 * cloud.part_size + 1)
    with client_of(cloud, config_for(part_size=cloud.part_size)) as client:
        judge(vodfast_emulator, path, client.upload(path))
    assert refused(vodfast_emulator) == [cloud.apply]


@each_cloud
def test_a_clock_that_is_set_later_is_followed_again(
    vodfast_emulator: Any, config_for: ConfigFor, media_file: Callable[..., Path], clocked: Any, cloud: Cloud
) -> None:
    with client_of(cloud, config_for()) as client:
        for ahead, name in ((4000.0, "a.mp4"), (0.0, "b.mp4"), (-4000.0, "c.mp4")):
            clocked(ahead)
            assert client.upload(media_file(1000, name)).state == "done"
    assert refused(vodfast_emulator) == [cloud.apply] * 3


@pytest.mark.parametrize("cloud", CLOUDS[:2], ids=str)
def test_a_clock_that_jumps_in_mid_upload_costs_the_requests_under_way(
    vodfast_emulator: Any, config_for: ConfigFor, media_file: Callable[..., Path], clocked: Any, cloud: Cloud
) -> None:
    """The clouds whose stores look at the time."""
    path = media_file(6 * MIB)

    def jump(event: Any) -> None:
        if isinstance(event, Progress) and event.done == MIB:
            clocked(-4000.0)

    config = config_for(part_size=MIB, max_connections=1, start_connections=1)
    with client_of(cloud, config) as client:
        judge(vodfast_emulator, path, client.upload(path, events=jump))
    assert refused(vodfast_emulator) == ["UploadPart"]
    assert vodfast_emulator.meter()["calls"][f"{cloud.name}.{cloud.apply}"] == 1


@each_cloud
def test_a_clock_that_is_days_off_is_named_and_not_followed(
    vodfast_emulator: Any, config_for: ConfigFor, media_file: Callable[..., Path], clocked: Any, cloud: Cloud
) -> None:
    clocked(10 * DAY)
    with client_of(cloud, config_for()) as client, pytest.raises(AuthError, match="clock"):
        client.upload(media_file(1000))
    assert refused(vodfast_emulator) == [cloud.apply]


@each_cloud
def test_wrong_keys_are_refused_whatever_the_clock_says(
    vodfast_emulator: Any, config_for: ConfigFor, media_file: Callable[..., Path], clocked: Any, cloud: Cloud
) -> None:
    """And the time such a refusal tells is not believed, because following it did not help."""
    keys = Credentials.of(emulator_credentials(cloud.name).access_key, "vodfast-emulator-not-the-secret")
    clocked(4000.0)
    client = Client(cloud.name, place=cloud.place, credentials=keys, config=config_for())
    with client, pytest.raises(AuthError):
        client.upload(media_file(1000))
    assert refused(vodfast_emulator) == [cloud.apply] * 2
