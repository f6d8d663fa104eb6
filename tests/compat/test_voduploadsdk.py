"""`voduploadsdk` on vodfast: what it takes, what it gives back, and what is stored, judged by the emulator."""

from __future__ import annotations

import base64
import functools
import hashlib
import http.server
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.oracle import operations
from vodfast.compat.voduploadsdk import AliyunVodUtils as utils
from vodfast.compat.voduploadsdk.AliyunVodUploader import AliyunVodUploader
from vodfast.compat.voduploadsdk.AliyunVodUtils import AliyunVodException
from vodfast.compat.voduploadsdk.UploadAttachedMediaRequest import UploadAttachedMediaRequest
from vodfast.compat.voduploadsdk.UploadImageRequest import UploadImageRequest
from vodfast.compat.voduploadsdk.UploadVideoRequest import UploadVideoRequest

pytestmark = pytest.mark.usefixtures("emulated")

MIB = 1024 * 1024
KEYS = ("vodfast-emulator-aliyun", "vodfast-emulator-aliyun-secret")
Make = Callable[[str, int], Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def write(name: str, size: int) -> Path:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes((name.encode() * (size // len(name.encode()) + 1))[:size])
        return path

    return write


class Watched(AliyunVodUploader):
    def __init__(self, *keys: str) -> None:
        super().__init__(*(keys or KEYS))
        self.progress: list[tuple[int, int | None]] = []

    def uploadProgressCallback(self, consumedBytes: int, totalBytes: int | None) -> None:
        self.progress.append((consumedBytes, totalBytes))


def holds(emulator: Any, media_id: str, *files: Path) -> dict[str, Any]:
    (media,) = [media for media in emulator.media() if media["media_id"] == media_id]
    stored = sorted(item["sha256"] for item in media["objects"])
    assert stored == sorted(hashlib.sha256(path.read_bytes()).hexdigest() for path in files)
    assert (media["state"], media["open_uploads"]) == ("committed", 0)
    found: dict[str, Any] = media
    return found


@pytest.mark.parametrize("size", [1, 10 * MIB])
def test_what_is_not_above_the_threshold_is_one_put(vodfast_emulator: Any, make: Make, size: int) -> None:
    path, started = make("a.b.MP4", size), []
    request = UploadVideoRequest(str(path))
    request.setUploadId("mark")

    def start(mark: str | None, info: dict[str, Any]) -> None:
        started.append((mark, info["VideoId"], operations(vodfast_emulator)))

    info = Watched().uploadLocalVideo(request, start)
    assert started == [("mark", info["VideoId"], ["CreateUploadVideo"])]
    assert operations(vodfast_emulator) == ["CreateUploadVideo", "PutObject"]
    media = holds(vodfast_emulator, info["VideoId"], path)
    assert media["asked"] == {"Title": "a.b.MP4", "FileName": "a.b.MP4.mp4", "FileSize": str(size)}
    assert json.loads(base64.b64decode(info["OriUploadAddress"])) == info["UploadAddress"]
    assert json.loads(base64.b64decode(info["OriUploadAuth"])) == info["UploadAuth"]
    assert set(info) == {
        "RequestId", "VideoId", "UploadAddress", "UploadAuth", "OriUploadAddress", "OriUploadAuth", "MediaType",
        "MediaId",
    }  # fmt: skip


def test_parts_and_progress(vodfast_emulator: Any, make: Make) -> None:
    path, uploader = make("a.mp4", 25 * MIB + 3), Watched()
    info = uploader.uploadLocalVideo(UploadVideoRequest(str(path), "T"))
    holds(vodfast_emulator, info["VideoId"], path)
    assert operations(vodfast_emulator).count("UploadPart") == 3
    assert uploader.progress[-1] == (25 * MIB + 3,) * 2
    assert uploader.progress == sorted(uploader.progress)


@pytest.mark.parametrize(
    ("threshold", "part", "parts"), [(MIB, MIB, 4), (8 * MIB, MIB, 0), (MIB, 2 * MIB, 2), (1, 1, 4)]
)
def test_threshold_and_part_size(vodfast_emulator: Any, make: Make, threshold: int, part: int, parts: int) -> None:
    path, uploader = make("a.mp4", 4 * MIB), Watched()
    uploader.setMultipartUpload(threshold, part, 8)
    uploader.setMultipartUpload(0, 0, 0)
    info = uploader.uploadLocalVideo(UploadVideoRequest(str(path)))
    holds(vodfast_emulator, info["VideoId"], path)
    assert operations(vodfast_emulator).count("UploadPart") == parts


def test_every_field(vodfast_emulator: Any, make: Make) -> None:
    request = UploadVideoRequest(str(make("a.mp4", 10)), "题" * 100)
    request.setTags("a,b")
    request.setDescription("D" * 2000)
    request.setCoverURL("http://h/c.png")
    request.setCateId(7)
    request.setTemplateGroupId("VOD_NO_TRANSCODE")
    request.setWorkflowId("w1")
    request.setAppId("app-1000000")
    request.setUserData('{"Extend":{"k":1}}')
    request.setTitle("题" * 100)
    info = AliyunVodUploader(*KEYS).uploadLocalVideo(request)
    assert holds(vodfast_emulator, info["VideoId"], Path(request.filePath))["asked"] == {
        "Title": "题" * 42, "Tags": "a,b", "Description": "D" * 1024, "CoverURL": "http://h/c.png", "CateId": "7",
        "TemplateGroupId": "VOD_NO_TRANSCODE", "WorkflowId": "w1", "AppId": "app-1000000",
        "UserData": '{"Extend":{"k":1}}', "FileName": "a.mp4", "FileSize": "10",
    }  # fmt: skip
    request.setStorageLocation("none.oss-cn-x.aliyuncs.com")
    with pytest.raises(AliyunVodException) as caught:
        AliyunVodUploader(*KEYS).uploadLocalVideo(request)
    assert (caught.value.type, caught.value.code) == ("ServerException", "InvalidStorage.NotFound")


def test_the_watermark_is_switched_off(vodfast_emulator: Any, make: Make) -> None:
    request = UploadVideoRequest(str(make("a.mp4", 10)))
    request.shutdownWatermark()
    info = Watched().uploadLocalVideo(request)
    holds(vodfast_emulator, info["VideoId"], Path(request.filePath))


def test_images_and_attached_media(vodfast_emulator: Any, make: Make) -> None:
    image = UploadImageRequest(str(make("c.PNG", 3000)), "cover")
    image.setImageType("cover")
    image.setWorkflowId("ignored: the API has no place for it")
    image_id, url = Watched().uploadImage(image)
    assert holds(vodfast_emulator, image_id, Path(image.filePath))["asked"] == {
        "ImageType": "cover", "ImageExt": "png", "Title": "cover"
    }  # fmt: skip
    assert url.endswith(".png")
    attached = UploadAttachedMediaRequest(str(make("s.srt", 30)), "subtitle")
    attached.setCateId("1,2")
    answer = Watched().uploadAttachedMedia(attached)
    assert set(answer) == {"MediaId", "MediaURL", "FileURL"}
    assert holds(vodfast_emulator, answer["MediaId"], Path(attached.filePath))["asked"] == {
        "BusinessType": "subtitle", "MediaExt": "srt", "Title": "s.srt", "CateIds": "1,2"
    }  # fmt: skip
    attached.setBusinessType("material")
    with pytest.raises(AliyunVodException, match=r"InvalidParameter\.MediaExt"):
        Watched().uploadAttachedMedia(attached)


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Any]:
    """The folder of the test on the web; `paths` is what was asked for, `short` cuts answers off."""

    class Serving(http.server.SimpleHTTPRequestHandler):
        def copyfile(self, source: Any, outputfile: Any) -> None:
            self.server.paths.append((self.path, self.headers.get("Range")))
            data = source.read()
            outputfile.write(data[: len(data) // 2] if self.server.short else data)

        def log_message(self, *_: object) -> None: ...

    handler = functools.partial(Serving, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.paths, server.short = [], False
        server.address = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


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


def test_an_empty_file_opens_nothing(vodfast_emulator: Any, make: Make) -> None:
    video, image, words = (str(make(name, 0)) for name in ("a.mp4", "a.png", "a.srt"))
    for upload in (
        lambda: Watched().uploadLocalVideo(UploadVideoRequest(video)),
        lambda: Watched().uploadImage(UploadImageRequest(image)),
        lambda: Watched().uploadAttachedMedia(UploadAttachedMediaRequest(words, "subtitle")),
    ):
        with pytest.raises(AliyunVodException, match="is empty") as caught:
            upload()
        assert (caught.value.type, caught.value.code) == ("ParameterError", "InvalidParameter")
    assert vodfast_emulator.history() == []


@pytest.mark.parametrize("operation", ["PutObject", "UploadPart"])
def test_an_expired_credential_costs_nothing(vodfast_emulator: Any, make: Make, operation: str) -> None:
    path, uploader = make("a.mp4", 3 * MIB), Watched()
    if operation == "UploadPart":
        uploader.setMultipartUpload(MIB, MIB)
    vodfast_emulator.set_faults([{"action": "expire_token", "match": {"operation": operation}}])
    info = uploader.uploadLocalVideo(UploadVideoRequest(str(path)))
    holds(vodfast_emulator, info["VideoId"], path)
    assert operations(vodfast_emulator).count("RefreshUploadVideo") == 1
    assert operations(vodfast_emulator).count("InitiateMultipartUpload") == (operation == "UploadPart")


@pytest.mark.parametrize(
    ("fault", "kind", "code"),
    [
        ({"action": "error", "code": "AccessDenied", "match": {"operation": "PutObject"}}, "OssError", "AccessDenied"),
        ({"action": "corrupt_body", "match": {"operation": "PutObject"}}, "OssError", "InconsistentError"),
        ({"action": "error", "code": "Forbidden", "match": {"operation": "CreateUploadVideo"}}, "ServerException",
         "Forbidden"),
        ({"action": "drop_reply", "match": {"operation": "CreateUploadVideo"}}, "ClientException", "SDK.HttpError"),
    ],
)  # fmt: skip
def test_a_failure_is_never_success(
    vodfast_emulator: Any, make: Make, fault: dict[str, Any], kind: str, code: str
) -> None:
    vodfast_emulator.set_faults([fault | {"times": 0}])
    with pytest.raises(AliyunVodException) as caught:
        Watched().uploadLocalVideo(UploadVideoRequest(str(make("a.mp4", 10))))
    assert (caught.value.type, caught.value.code) == (kind, code)
    assert str(caught.value).startswith(f"Type: {kind}, Code: {code}, Message: ")
    assert all(not media["objects"] for media in vodfast_emulator.media())
    assert (caught.value.request_id == "NULL") == (fault["action"] != "error")


def test_a_missing_file_opens_nothing(vodfast_emulator: Any, tmp_path: Path) -> None:
    with pytest.raises(AliyunVodException) as caught:
        Watched().uploadLocalVideo(UploadVideoRequest(str(tmp_path / "none.mp4")))
    assert (caught.value.type, caught.value.http_status) == ("IOError", "NULL")
    assert str(caught.value.code).startswith("FileNotFoundError")
    assert vodfast_emulator.history() == []


def test_what_a_progress_callback_raises_ends_the_upload(vodfast_emulator: Any, make: Make) -> None:
    class Failing(AliyunVodUploader):
        def uploadProgressCallback(self, consumedBytes: int, totalBytes: int | None) -> None:
            raise RuntimeError("enough")

    uploader = Failing(*KEYS)
    uploader.setMultipartUpload(MIB, MIB)
    with pytest.raises(AliyunVodException) as caught:
        uploader.uploadLocalVideo(UploadVideoRequest(str(make("a.mp4", 30 * MIB))))
    assert (caught.value.type, caught.value.code) == ("UnkownException", "RuntimeError('enough')")


def test_what_a_callback_raises_ends_no_other_upload(vodfast_emulator: Any, make: Make) -> None:
    """Uploaders with the same keys share a client."""
    going = threading.Event()

    class Failing(AliyunVodUploader):
        def uploadProgressCallback(self, consumedBytes: int, totalBytes: int | None) -> None:
            going.wait()
            raise RuntimeError("enough")

    class Going(AliyunVodUploader):
        def uploadProgressCallback(self, consumedBytes: int, totalBytes: int | None) -> None:
            going.set()
            failing.join()

    raised: list[AliyunVodException] = []
    path = make("a.mp4", 8 * MIB)

    def fail() -> None:
        uploader = Failing(*KEYS)
        uploader.setMultipartUpload(MIB, MIB)
        with pytest.raises(AliyunVodException) as caught:
            uploader.uploadLocalVideo(UploadVideoRequest(str(path), "failing"))
        raised.append(caught.value)

    failing = threading.Thread(target=fail)
    failing.start()
    uploader = Going(*KEYS)
    uploader.setMultipartUpload(MIB, MIB)
    info = uploader.uploadLocalVideo(UploadVideoRequest(str(path), "going"))
    holds(vodfast_emulator, info["VideoId"], path)
    assert [error.code for error in raised] == ["RuntimeError('enough')"]


def test_a_script_may_upload_while_it_ends(vodfast_emulator: Any, make: Make) -> None:
    path = make("a.mp4", 3 * MIB)
    script = f"""
import atexit
from vodfast.compat.voduploadsdk.AliyunVodUploader import AliyunVodUploader
from vodfast.compat.voduploadsdk.UploadVideoRequest import UploadVideoRequest
uploader = AliyunVodUploader(*{KEYS!r})
uploader.setMultipartUpload({MIB}, {MIB})
atexit.register(lambda: print(uploader.uploadLocalVideo(UploadVideoRequest({str(path)!r}))["VideoId"]))
"""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert ran.stderr == ""
    holds(vodfast_emulator, ran.stdout.strip(), path)


def test_nothing_is_printed_and_every_upload_is_one_of_its_own(
    vodfast_emulator: Any, make: Make, capfd: pytest.CaptureFixture[str]
) -> None:
    path = make("a.mp4", 10)
    ids = {AliyunVodUploader(*KEYS).uploadLocalVideo(UploadVideoRequest(str(path)))["VideoId"] for _ in range(2)}
    assert len(ids) == 2
    assert capfd.readouterr() == ("", "")


def test_what_is_logged_is_printed_if_the_switch_says_so(
    vodfast_emulator: Any, make: Make, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(utils, "VOD_PRINT_INFO_LOG_SWITCH", 1)
    info = AliyunVodUploader(*KEYS).uploadLocalVideo(UploadVideoRequest(str(make("a.mp4", 10))))
    utils.logger.error("done")
    first, second = capfd.readouterr().out.splitlines()
    assert info["VideoId"] in first
    assert second.endswith("]done")


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


def test_regions_and_the_network_inside(vodfast_emulator: Any, make: Make) -> None:
    path = make("a.mp4", 10)

    def hosts(region: str, ecs: str | None) -> list[str]:
        vodfast_emulator.reset()
        uploader = AliyunVodUploader(*KEYS, ecs)
        uploader.setApiRegion(region)
        uploader.uploadLocalVideo(UploadVideoRequest(str(path)))
        return [entry["host"].partition(".")[2] for entry in vodfast_emulator.history()]

    assert hosts("cn-shanghai", None) == ["cn-shanghai.aliyuncs.com", "oss-cn-shanghai.aliyuncs.com"]
    assert hosts("cn-beijing", "cn-beijing") == ["cn-beijing.aliyuncs.com", "oss-cn-beijing-internal.aliyuncs.com"]
    assert hosts("cn-beijing", "cn-shanghai") == ["cn-beijing.aliyuncs.com", "oss-cn-beijing.aliyuncs.com"]


def test_directories(tmp_path: Path) -> None:
    made = tmp_path / "a" / "b"
    make_directory = utils.AliyunVodUtils.mkDir
    assert [make_directory(text) for text in ("", "x", f"{made}/c.mp4", f"{made}/c.mp4")] == [-1, -2, 1, 0]
    assert made.is_dir()
    assert utils.AliyunVodUtils.urlEncode({"a": "b c"}) == "a=b+c"


def test_names_and_titles_as_the_vendor_has_them() -> None:
    request = UploadVideoRequest("http://h/p%20q/a%20b.MP4?x=1")
    assert (request.fileName, request.title, request.mediaExt) == ("http://h/p%20q/a%20b.MP4.mp4", "a b.MP4", "mp4")
    assert UploadVideoRequest("/x/clip", "T", ".mov").fileName == "/x/clip.mov"
    assert UploadImageRequest("/x/c.jpg").imageExt == "jpg"
    request.setFilePath("/y/z.ts")
    assert (request.title, request.filePath) == ("a b.MP4", "/y/z.ts")
    for path in ("clip", "clip."):
        with pytest.raises(AliyunVodException) as caught:
            UploadVideoRequest(path)
        assert (caught.value.type, caught.value.code, caught.value.message) == (
            "ParameterError", "InvalidParameter", "filePath has no Extension"
        )  # fmt: skip
    assert set(utils.__all__) > {"os", "sys", "logger", "AliyunVodException"}


def playlist(folder: Path, name: str, *entries: str, tags: str = "") -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text("#EXTM3U\n" + tags + "".join(f"#EXTINF:2,\n{entry}\n" for entry in entries) + "#EXT-X-ENDLIST\n")
    return path


def by_name(emulator: Any, media_id: str) -> dict[str, str]:
    """SHA-256 by the last part of the key, the playlist's as `index`."""
    (media,) = [media for media in emulator.media() if media["media_id"] == media_id]
    assert media["state"] == "committed"
    names = {item["key"].rpartition("/")[2]: item["sha256"] for item in media["objects"]}
    return {"index" if name.endswith(".m3u8") else name: digest for name, digest in names.items()}


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_a_playlist_goes_as_it_is(vodfast_emulator: Any, make: Make, tmp_path: Path) -> None:
    names = ["seg 0.ts", "seg1.ts"]
    segments = [make(f"show/{name}", 1000 + number) for number, name in enumerate(names)]
    key = make("show/key.bin", 16)
    tags = '\n#EXT-X-KEY:METHOD=AES-128,URI="key.bin"\n'
    index = playlist(tmp_path / "show", "INDEX.m3u8", *names, tags=tags)
    uploader = Watched()
    assert uploader.parseLocalM3u8(str(index)) == [str(path) for path in segments]
    video_id = uploader.uploadLocalM3u8(UploadVideoRequest(str(index), "T"))
    assert by_name(vodfast_emulator, video_id) == {
        "index": sha(index.read_bytes()), **{path.name: sha(path.read_bytes()) for path in [*segments, key]}
    }  # fmt: skip
    assert operations(vodfast_emulator).count("CreateUploadVideo") == 1
    assert uploader.progress[-1][0] == uploader.progress[-1][1]
    again = uploader.uploadLocalM3u8(UploadVideoRequest(str(index)), [str(path) for path in reversed(segments)])
    assert by_name(vodfast_emulator, again)["index"] == sha(index.read_bytes())


def test_a_playlist_whose_segments_lie_elsewhere_is_rewritten(
    vodfast_emulator: Any, make: Make, tmp_path: Path
) -> None:
    one, two, key = make("far/one.ts", 1000), make("away/two.ts", 2000), make("show/k.bin", 16)
    tags = '#EXT-X-KEY:METHOD=AES-128,URI="k.bin"\n'
    index = playlist(tmp_path / "show", "i.m3u8", "http://h/x/one.ts?sign=1", "../away/two.ts", tags=tags)
    before = sorted(path.name for path in tmp_path.rglob("*"))
    video_id = Watched().uploadLocalM3u8(UploadVideoRequest(str(index)), [str(one), str(two)])
    rewritten = f"#EXTM3U\n{tags}#EXTINF:2,\none.ts\n#EXTINF:2,\ntwo.ts\n#EXT-X-ENDLIST\n"
    assert by_name(vodfast_emulator, video_id) == {
        "index": sha(rewritten.encode()),
        **{path.name: sha(path.read_bytes()) for path in (one, two, key)},
    }
    assert sorted(path.name for path in tmp_path.rglob("*") if "vodfast-state" not in str(path)) == before


def test_a_playlist_of_the_web(vodfast_emulator: Any, make: Make, tmp_path: Path, web: Any) -> None:
    segments = [make(f"show/s{number}.ts", 1000 + number) for number in range(3)]
    entries = [f"{path.name}?t={number}" for number, path in enumerate(segments)]
    playlist(tmp_path / "show", "i.m3u8", *entries, tags="\n")
    address = f"{web.address}/show/i.m3u8"
    uploader = Watched()
    urls = [f"{web.address}/show/{path.name}" for path in segments]
    assert uploader.parseWebM3u8(address) == urls
    for more in ((), (urls,)):
        video_id = uploader.uploadWebM3u8(UploadVideoRequest(address), *more)
        found = by_name(vodfast_emulator, video_id)
        rewritten = "#EXTM3U\n" + "".join(f"#EXTINF:2,\n{path.name}\n" for path in segments) + "#EXT-X-ENDLIST\n"
        assert found.pop("index") == sha(rewritten.encode())
        assert found == {path.name: sha(path.read_bytes()) for path in segments}


def test_playlists_that_are_refused(vodfast_emulator: Any, make: Make, tmp_path: Path) -> None:
    index = playlist(tmp_path / "show", "i.m3u8", "none.ts")
    for slices, kind in ((None, "ClientException"), ([], "InvalidM3u8SliceFile"), (["/nowhere/none.ts"], "IOError")):
        with pytest.raises(AliyunVodException) as caught:
            Watched().uploadLocalM3u8(UploadVideoRequest(str(index)), slices)
        assert caught.value.type == kind
    assert all(not media["objects"] for media in vodfast_emulator.media())
