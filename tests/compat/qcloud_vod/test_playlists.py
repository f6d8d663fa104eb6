"""Playlists through the stand-in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.compat.qcloud_vod.uploads import REGION, request_for
from tests.oracle import operations
from vodfast.compat.qcloud_vod.exception import VodClientException
from vodfast.compat.qcloud_vod.vod_upload_client import VodUploadClient

pytestmark = pytest.mark.usefixtures("emulated")


SEGMENT = b"\x47" + b"s" * 187


@pytest.fixture
def playlist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Writes a playlist with these lines, and one segment, into the working directory."""
    folder = tmp_path / "show"
    folder.mkdir()
    (tmp_path / "outside.ts").write_bytes(SEGMENT)
    monkeypatch.chdir(folder)

    def write(*entries: str, name: str = "index.m3u8") -> str:
        (folder / "seg.ts").write_bytes(SEGMENT)
        lines = "".join(f"#EXTINF:4,\n{entry}\n" for entry in entries)
        (folder / name).write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:4\n{lines}#EXT-X-ENDLIST\n", encoding="utf-8")
        return name

    return write


@pytest.mark.parametrize("name", ["index.m3u8", "./index.m3u8", "Index.M3U8"])
def test_a_playlist_takes_its_segments_along_from_wherever_it_is(
    vodfast_emulator: Any, client: VodUploadClient, playlist: Any, name: str
) -> None:
    playlist("seg.ts", "seg.ts", name=Path(name).name)
    response = client.upload(REGION, request_for(name))
    (item,) = vodfast_emulator.media()
    assert (item["media_id"], item["state"]) == (response.FileId, "committed")
    names = sorted(stored["key"].rpartition("/")[2] for stored in item["objects"])
    assert names == ["f0.m3u8", "seg.ts"]
    assert operations(vodfast_emulator).count("PutObject") == 2


@pytest.mark.parametrize("name", ["index", "index.txt", "index.m3u"])
def test_a_playlist_is_one_by_its_media_type_as_well(
    vodfast_emulator: Any, client: VodUploadClient, playlist: Any, name: str
) -> None:
    request = request_for(playlist("seg.ts", name=name), MediaType="m3u8")
    client.upload(REGION, request)
    (item,) = vodfast_emulator.media()
    assert (item["state"], item["name"], request.MediaName) == ("committed", "index", "index")
    assert sorted(stored["key"].rpartition("/")[2] for stored in item["objects"]) == ["f0.m3u8", "seg.ts"]


@pytest.mark.parametrize("entry", ["../outside.ts", "/outside.ts", "%2e%2e/outside.ts", "https://h.example/seg.ts"])
def test_a_playlist_reaches_nothing_outside_its_folder(
    vodfast_emulator: Any, client: VodUploadClient, playlist: Any, entry: str
) -> None:
    with pytest.raises(VodClientException, match=r"outside\.ts|seg\.ts"):
        client.upload(REGION, request_for(playlist(entry)))
    assert vodfast_emulator.media() == []


def test_a_missing_segment_is_named_before_a_session_is_opened(
    vodfast_emulator: Any, client: VodUploadClient, playlist: Any
) -> None:
    path = Path.cwd() / playlist("seg.ts", "nowhere.ts")
    with pytest.raises(VodClientException) as caught:
        client.upload(REGION, request_for(path))
    assert caught.value.message == str(path.with_name("nowhere.ts"))
    assert "ApplyUpload" not in operations(vodfast_emulator)
