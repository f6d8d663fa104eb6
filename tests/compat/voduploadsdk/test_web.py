"""Uploads of `voduploadsdk` from the web, judged by the emulator and by the web server."""

from __future__ import annotations

import base64
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


def test_addresses_may_be_written_as_people_do(vodfast_emulator: Any, make: Make, web: Any) -> None:
    path = make("one 影.mp4", 1000)
    uploader = Watched()
    for address in (f"{web.address}/one 影.mp4?a=ü b", f"{web.address}/one%20%E5%BD%B1.mp4#t=1"):
        holds(vodfast_emulator, uploader.uploadWebVideo(UploadVideoRequest(address, "T", "mp4")), path)
    assert web.paths[0][0] == "/one%20%E5%BD%B1.mp4?a=%C3%BC%20b"


def test_secrets_of_an_address_are_given_to_its_server_alone(
    vodfast_emulator: Any, make: Make, web: Any, caplog: pytest.LogCaptureFixture
) -> None:
    path = make("a.mp4", 1000)
    address = web.address.replace("//", "//me:word%40home@")
    caplog.set_level("INFO")
    holds(vodfast_emulator, Watched().uploadWebVideo(UploadVideoRequest(f"{address}/a.mp4?sign=word", "T")), path)
    assert base64.b64decode(web.owners[-1].removeprefix("Basic ")) == b"me:word@home"
    for missing in (
        f"{address}/none.mp4?sign=word",
        "http://me:word@127.0.0.1:9/a.mp4?sign=word",
        "ftp://me:word@h/a.mp4",
    ):
        with pytest.raises(AliyunVodException) as caught:
            Watched().uploadWebVideo(UploadVideoRequest(missing))
        assert caught.value.type == "FileDownloadError"
        assert "word" not in str(caught.value)
    assert f"FilePath: {web.address}/a.mp4, VideoId" in caplog.text
    assert "word" not in caplog.text


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
