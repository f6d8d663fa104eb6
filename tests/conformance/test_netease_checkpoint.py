"""Callers of NetEase who keep their own record of an upload: what a checkpoint holds, and what it is good for."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from tests.conftest import content
from tests.oracle import operations, the_media
from vodfast import Client, TransferConfig
from vodfast.cli.settings import typed_options
from vodfast.config import MIB
from vodfast.credentials import Secret
from vodfast.errors import ErrorKind, InvalidInput, VodfastError
from vodfast.providers.netease import Checkpoint, UploadOptions

SIZE = 2 * MIB + 7_777


@pytest.fixture
def client(config_for: Callable[..., TransferConfig]) -> Iterator[Client]:
    """Without a journal: the caller remembers."""
    with Client("netease", config=config_for(part_size=MIB, resume=False, attempts=1)) as opened:
        yield opened


def broken_off(client: Client, emulator: Any, path: Path) -> Checkpoint:
    """Where an upload stands whose second chunk failed."""
    checkpoint = Checkpoint()
    emulator.set_faults([{"match": {"operation": "chunk", "part_number": 2}, "action": "status", "code": 503}])
    with pytest.raises(VodfastError):
        client.upload(path, options=UploadOptions(checkpoint=checkpoint))
    emulator.set_faults([])
    return checkpoint


def test_an_upload_goes_on_from_where_its_checkpoint_says(
    client: Client, vodfast_emulator: Any, media_file: Callable[..., Path]
) -> None:
    path = media_file(SIZE)
    checkpoint = broken_off(client, vodfast_emulator, path)
    assert checkpoint.open
    assert checkpoint.context
    assert checkpoint.size == SIZE
    assert checkpoint.nodes
    name, before = checkpoint.key, len(vodfast_emulator.history())
    assert client.perform(lambda cloud: cloud.stored_bytes(checkpoint)) == MIB
    result = client.upload(path, options=UploadOptions(checkpoint=checkpoint))
    assert result.url is not None
    assert result.url.endswith(name)
    assert the_media(vodfast_emulator)["objects"][0]["sha256"] == hashlib.sha256(content(SIZE)).hexdigest()
    assert operations(vodfast_emulator)[before:] == ["offset", "video/query", "offset", "chunk", "chunk"]
    assert not checkpoint.open
    assert checkpoint.reply is not None
    assert f'"vid":{result.media_id}' in checkpoint.reply


def test_a_checkpoint_serves_one_upload_after_the_other(client: Client, vodfast_emulator: Any) -> None:
    checkpoint = Checkpoint()
    first = client.upload(b"a", name="a.mp4", options=UploadOptions(checkpoint=checkpoint))
    second = client.upload(b"b", name="b.mp4", options=UploadOptions(checkpoint=checkpoint))
    assert first.media_id != second.media_id
    assert vodfast_emulator.meter()["media_created"] == 2


def test_a_checkpoint_goes_along_with_the_journal(
    config_for: Callable[..., TransferConfig], vodfast_emulator: Any, media_file: Callable[..., Path]
) -> None:
    path = media_file(SIZE)
    with Client("netease", config=config_for(part_size=MIB, attempts=1)) as client:
        checkpoint = broken_off(client, vodfast_emulator, path)
        before = len(vodfast_emulator.history())
        result = client.upload(path, options=UploadOptions(checkpoint=checkpoint))
        assert operations(vodfast_emulator)[before:] == ["video/query", "offset", "chunk", "chunk"]
        again = client.upload(path, options=UploadOptions(checkpoint=Checkpoint()))  # what the journal knows of
    assert again.media_id == result.media_id
    assert vodfast_emulator.meter()["media_created"] == 1
    assert the_media(vodfast_emulator)["objects"][0]["sha256"] == hashlib.sha256(content(SIZE)).hexdigest()


def test_an_object_that_was_finished_meanwhile_is_not_sent_again(
    client: Client, vodfast_emulator: Any, media_file: Callable[..., Path]
) -> None:
    path = media_file(SIZE)
    old = broken_off(client, vodfast_emulator, path)
    copy = Checkpoint(old.bucket, old.key, old.token, old.context, old.size, old.nodes)
    first = client.upload(path, options=UploadOptions(checkpoint=old))
    before = len(vodfast_emulator.history())
    again = client.upload(path, options=UploadOptions(checkpoint=copy))
    assert again.media_id == first.media_id
    assert operations(vodfast_emulator)[before:] == ["video/query"]
    assert not copy.open


def test_a_dead_token_leads_to_a_new_upload_which_the_checkpoint_is_of(
    client: Client, vodfast_emulator: Any, media_file: Callable[..., Path]
) -> None:
    path = media_file(SIZE)
    checkpoint = broken_off(client, vodfast_emulator, path)
    dead = checkpoint.key
    vodfast_emulator.set_faults([{"match": {"operation": "offset"}, "action": "expire_token"}])
    result = client.upload(path, options=UploadOptions(checkpoint=checkpoint))
    assert not str(result.url).endswith(dead)
    assert operations(vodfast_emulator).count("upload/init") == 2


def test_an_upload_opened_elsewhere_is_filled(client: Client, vodfast_emulator: Any) -> None:
    opened = client.invoke("upload/init", {"originFileName": "clip.mp4"})
    checkpoint = Checkpoint(bucket=opened["bucket"], key=opened["object"], token=Secret(opened["xNosToken"]))
    client.upload(b"abc", name="clip.mp4", options=UploadOptions(checkpoint=checkpoint))
    assert the_media(vodfast_emulator)["objects"][0]["key"] == opened["object"]
    assert operations(vodfast_emulator).count("upload/init") == 1


def test_a_checkpoint_is_no_matter_for_the_shell() -> None:
    with pytest.raises(click.UsageError, match="has no option 'checkpoint'; known: type_id"):
        typed_options("netease", "UploadOptions", {"checkpoint": '{"bucket":"b"}'})


def test_upload_nodes_can_be_asked_for(client: Client, vodfast_emulator: Any) -> None:
    assert client.perform(lambda cloud: cloud.nodes()) == ("https://nosup-hz1.127.net", "https://nosup-hz2.127.net")
    vodfast_emulator.settings(netease_nodes=["223.252.196.40"])
    assert client.perform(lambda cloud: cloud.nodes("vodemulator")) == ("http://223.252.196.40",)
    paths = [record["path"] for record in vodfast_emulator.history()]
    assert paths == ["/lbs?version=1.0", "/lbs?version=1.0&bucketname=vodemulator"]


def test_a_checkpoint_that_cannot_be_used_is_refused_before_anything_is_sent(
    client: Client, vodfast_emulator: Any
) -> None:
    wrong = Checkpoint(bucket="b", key="o.mp4", token=Secret("UPLOAD t"), context="c", size=7)
    with pytest.raises(InvalidInput, match="7 bytes"):
        client.upload(b"abc", name="clip.mp4", options=UploadOptions(checkpoint=wrong))
    with pytest.raises(InvalidInput, match="has begun"):
        client.perform(lambda cloud: cloud.stored_bytes(Checkpoint()))
    with pytest.raises(InvalidInput, match="nodes first"):
        client.perform(lambda cloud: cloud.stored_bytes(wrong))
    assert operations(vodfast_emulator) == []


def test_a_token_of_another_object_opens_nothing(client: Client, vodfast_emulator: Any) -> None:
    one, other = (client.invoke("upload/init", {"originFileName": "clip.mp4"}) for _ in range(2))
    client.perform(lambda cloud: cloud.nodes(one["bucket"]))
    mixed = Checkpoint(bucket=one["bucket"], key=one["object"], token=Secret(other["xNosToken"]), context="c", size=3)
    with pytest.raises(VodfastError) as caught:
        client.perform(lambda cloud: cloud.stored_bytes(mixed))
    assert caught.value.kind is ErrorKind.SESSION_EXPIRED
    assert other["xNosToken"] not in str(caught.value)
