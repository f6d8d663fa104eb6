"""Uploads of `voduploadsdk` from the web, judged by the emulator and by the web server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.compat.voduploadsdk.uploads import MIB, Make, Watched, holds
from vodfast.compat.voduploadsdk import AliyunVodUtils as utils
from vodfast.compat.voduploadsdk.AliyunVodUtils import AliyunVodException
from vodfast.compat.voduploadsdk.UploadAttachedMediaRequest import UploadAttachedMediaRequest
from vodfast.compat.voduploadsdk.UploadImageRequest import UploadImageRequest
from vodfast.compat.voduploadsdk.UploadVideoRequest import UploadVideoRequest

pytestmark = pytest.mark.usefixtures("emulated")


def test_files_of_the_web_go_by_no_disk(vodfast_emulator: Any, make: Make, web: Any) -> None:
    path = make("a b.mp4", 3 * MIB)
    video_id = Watched().uploadWebVideo(UploadVideoRequest(f"{web.address}/a%20b.mp4?sign=1"))
    assert holds(vodfast_emulator, video_id, path)["name"] == "a b.mp4"
    image, words = make("c.png", 300), make("s.srt", 30)
    image_id, _ = Watched().uploadImage(UploadImageRequest(f"{web.address}/c.png"), isLocalFile=False)
    holds(vodfast_emulator, image_id, image)
    answer = Watched().uploadAttachedMedia(UploadAttachedMediaRequest(f"{web.address}/s.srt", "subtitle"), False)
    holds(vodfast_emulator, answer["MediaId"], words)
    assert [ranged for _, ranged in web.paths] == [None] * 3


def test_an_answer_that_ends_early_is_no_file(vodfast_emulator: Any, make: Make, web: Any) -> None:
    make("a.mp4", 3 * MIB)
    web.short = True
    with pytest.raises(AliyunVodException) as caught:
        Watched().uploadWebVideo(UploadVideoRequest(f"{web.address}/a.mp4"))
    assert [media["objects"] for media in vodfast_emulator.media()] == [[]]
    assert (caught.value.type, caught.value.code) == ("FileDownloadError", "Download File Error")
    assert "of 3145728 bytes" in caught.value.message
    vodfast_emulator.reset()
    for address in (f"{web.address}/none.mp4", "file:///etc/passwd.mp4", "http://127.0.0.1:9/a.mp4", "http://[/a.mp4"):
        with pytest.raises(AliyunVodException) as caught:
            Watched().uploadWebVideo(UploadVideoRequest(address))
        assert (caught.value.type, caught.value.code) == ("FileDownloadError", "Download File Error")
        with pytest.raises(AliyunVodException) as caught:
            Watched().uploadImage(UploadImageRequest(address), isLocalFile=False)
        assert caught.value.type == "FileDownloadError"
    assert vodfast_emulator.history() == [], "no upload is opened for what cannot be had"


def test_files_of_the_web_are_stored_as_they_are_and_not_as_they_came(
    vodfast_emulator: Any, make: Make, web: Any
) -> None:
    path = make("a.mp4", 3 * MIB)
    video_id = Watched().uploadWebVideo(UploadVideoRequest(f"{web.address}/gzip/a.mp4"))
    holds(vodfast_emulator, video_id, path)
    web.short = True
    for address, said in (("gzip", "ends early"), ("br", "encoded as 'br'")):
        with pytest.raises(AliyunVodException, match=said) as caught:
            Watched().uploadWebVideo(UploadVideoRequest(f"{web.address}/{address}/a.mp4"))
        assert caught.value.type == "FileDownloadError"


def test_the_downloader(make: Make, web: Any, tmp_path: Path) -> None:
    path = make("a.mp4", 3000)
    downloader = utils.AliyunVodDownloader()
    downloader.setSaveLocalDir(str(tmp_path / "there" / "deep"))
    wanted = str(tmp_path / "there" / "deep" / "b.mp4")
    assert downloader.downloadFile(f"{web.address}/a.mp4", "b.mp4") == (1, wanted)
    assert Path(wanted).read_bytes() == path.read_bytes()
    assert downloader.downloadFile(f"{web.address}/a.mp4", "b.mp4", 3000) == (0, wanted)
    assert len(web.paths) == 1
    assert downloader.downloadFile(f"{web.address}/none.mp4", "c.mp4") == (-1, None)
    web.short = True
    assert downloader.downloadFile(f"{web.address}/a.mp4", "c.mp4") == (-1, None)
    assert not Path(wanted).with_name("c.mp4").exists(), "half a file is none"
