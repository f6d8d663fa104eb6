"""The clouds as the general suite sees them: everything that follows from limits is asked of the provider."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from vodfast import AsyncClient, Client, TransferConfig, UploadResult, VodfastError
from vodfast.config import MIB
from vodfast.providers import load_provider, provider_names
from vodfast.providers.contract import MediaSpec, Provider


@dataclass(frozen=True)
class Cloud:
    """What cannot be asked of a provider. The defaults are those of a store like any other."""

    name: str
    place: str | None = None
    bad_place: str | None = None
    """One that the account does not have."""
    part: int = 2 * MIB
    """The smallest part size worth trying."""
    verified: str | None = "crc64"
    """The checksum its store answers."""
    takes_back: bool = True
    """Whether an unfinished upload can be deleted; if not, it expires by itself."""

    def provider(self) -> Provider:
        return load_provider(self.name, {} if self.place is None else {"place": self.place})

    def takes(self, **fields: Any) -> bool:
        """Whether the provider takes an upload with these fields of `MediaSpec`."""
        try:
            self.provider().check(MediaSpec(**{"name": "clip.mp4", "size": 1000, **fields}))
        except VodfastError:
            return False
        return True


_KNOWN = (
    Cloud("volcengine", place="demo", bad_place="another", part=5 * MIB, verified="crc32", takes_back=False),
    Cloud("aliyun", bad_place="b-1.oss-cn-x.aliyuncs.com"),
    Cloud("tencent", bad_place="999"),
    Cloud("netease", verified=None, takes_back=False),
)
_BY_NAME = {cloud.name: cloud for cloud in _KNOWN}
CLOUDS = [_BY_NAME.get(name, Cloud(name)) for name in provider_names()]
"""A cloud that is new in the registry gets the whole suite."""


async def cancel_at(emulator: Any, upload: Coroutine[Any, Any, Any], operation: str, nth: int, before: int) -> None:
    """Cancel an upload that hangs in the `nth` request for an operation, once `before` requests have been answered."""
    emulator.set_faults([{"action": "stall", "match": {"operation": operation, "nth": nth}, "times": 0}])
    task = asyncio.create_task(upload)
    # The history belongs to the emulator's own thread, which signals nothing.
    while len(emulator.history()) < before:
        await asyncio.sleep(0.005)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.fixture(params=CLOUDS, ids=lambda cloud: cloud.name)
def cloud(request: pytest.FixtureRequest) -> Cloud:
    found: Cloud = request.param
    return found


@pytest.fixture
def cloud_client(cloud: Cloud, config_for: Callable[..., TransferConfig]) -> Iterator[Client]:
    """A cloud_client whose parts are as small as the cloud takes them."""
    with Client(cloud.name, config=config_for(part_size=cloud.part), place=cloud.place) as opened:
        yield opened


@pytest.fixture
async def async_cloud_client(cloud: Cloud, config_for: Callable[..., TransferConfig]) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(cloud.name, config=config_for(part_size=cloud.part), place=cloud.place) as opened:
        yield opened


@pytest.fixture
def open_client(cloud: Cloud, config_for: Callable[..., TransferConfig]) -> Callable[..., Any]:
    """A cloud_client with a configuration of its own, as a context manager."""

    @contextlib.contextmanager
    def opened(*, credentials: Any = None, place: str | None = None, **fields: Any) -> Iterator[Client]:
        chosen = config_for(**{"part_size": cloud.part, **fields})
        with Client(
            cloud.name,
            credentials=credentials,
            config=chosen,
            place=place or cloud.place,
            allow_foreign_keys=credentials is not None,
        ) as made:
            yield made

    return opened


@pytest.fixture
def judge(vodfast_emulator: Any, cloud: Cloud) -> Callable[[UploadResult, bytes], None]:
    """That the one media there is holds these bytes, by the emulator's reckoning."""

    def arrived(result: UploadResult, data: bytes) -> None:
        assert (result.cloud, result.state, result.bytes) == (cloud.name, "done", len(data))
        assert result.verified == cloud.verified
        (media,) = vodfast_emulator.media()
        assert (media["state"], media["media_id"], media["open_uploads"]) == ("committed", result.media_id, 0)
        (stored,) = media["objects"]
        assert (stored["size"], stored["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())
        assert vodfast_emulator.meter()["media_created"] == 1

    return arrived


@pytest.fixture
def nothing_left(vodfast_emulator: Any, cloud: Cloud) -> Callable[[], None]:
    """That no media came into being, and that what was begun is taken back as far as the cloud lets one."""

    def clean() -> None:
        assert vodfast_emulator.meter()["media_created"] == 0
        for media in vodfast_emulator.media():
            assert media["state"] in ("applied", "aborted")
            if cloud.takes_back:
                assert (media["open_uploads"], media["objects"]) == (0, [])

    return clean


@pytest.fixture
def volc(config_for: Callable[..., TransferConfig]) -> Iterator[Client]:
    """Volcengine's space `demo`, in parts of the smallest size its gateway takes."""
    with Client("volcengine", config=config_for(part_size=5 * MIB), place="demo") as opened:
        yield opened
