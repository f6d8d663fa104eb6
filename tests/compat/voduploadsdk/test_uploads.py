"""`voduploadsdk` on vodfast: what it takes, what it gives back, and what is stored, judged by the emulator."""

from __future__ import annotations

import base64
import json
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.compat.voduploadsdk.uploads import KEYS, MIB, Make, Watched, holds
from tests.oracle import operations
from vodfast.compat.aliyunsdkcore.profile import region_provider
from vodfast.compat.voduploadsdk import AliyunVodUtils as utils
from vodfast.compat.voduploadsdk.AliyunVodUploader import AliyunVodUploader
from vodfast.compat.voduploadsdk.AliyunVodUtils import AliyunVodException
from vodfast.compat.voduploadsdk.UploadAttachedMediaRequest import UploadAttachedMediaRequest
from vodfast.compat.voduploadsdk.UploadImageRequest import UploadImageRequest
from vodfast.compat.voduploadsdk.UploadVideoRequest import UploadVideoRequest

pytestmark = pytest.mark.usefixtures("emulated")


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
    for size in (10, 11 * MIB):
        request = UploadVideoRequest(str(make(f"{size}.mp4", size)))
        request.shutdownWatermark()
        info = Watched().uploadLocalVideo(request)
        told = holds(vodfast_emulator, info["VideoId"], Path(request.filePath))["asked"]["x-oss-notification"]
        assert str(told["Vod"]["UserData"]["IsShowWaterMark"]).lower() == "false"
    plain = UploadVideoRequest(str(make("b.mp4", 10)))
    info = Watched().uploadLocalVideo(plain)
    assert "x-oss-notification" not in holds(vodfast_emulator, info["VideoId"], Path(plain.filePath))["asked"]


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


@pytest.mark.parametrize("spelled", [str, os.fsencode, Path])
def test_a_path_may_be_spelled_in_any_way(vodfast_emulator: Any, make: Make, spelled: Callable[[Path], Any]) -> None:
    video, image = make("a.mp4", 1000), make("b.png", 1000)
    request, picture = UploadVideoRequest(str(video)), UploadImageRequest(str(image))
    request.filePath, picture.filePath = spelled(video), spelled(image)
    holds(vodfast_emulator, Watched().uploadLocalVideo(request)["VideoId"], video)
    holds(vodfast_emulator, Watched().uploadImage(picture)[0], image)


def test_a_file_may_have_any_name_on_this_machine(vodfast_emulator: Any, make: Make) -> None:
    path = make("line\nbreak\x7f.mp4", 10)
    info = Watched().uploadLocalVideo(UploadVideoRequest(str(path), "T"))
    holds(vodfast_emulator, info["VideoId"], path)


def test_what_the_start_callback_changes_counts(vodfast_emulator: Any, make: Make) -> None:
    path = make("a.mp4", 1000)

    def faster(_: object, info: dict[str, Any]) -> None:
        info["UploadAddress"]["Endpoint"] = "https://oss-accelerate.aliyuncs.com"

    info = Watched().uploadLocalVideo(UploadVideoRequest(str(path)), faster)
    holds(vodfast_emulator, info["VideoId"], path)
    (put,) = [entry for entry in vodfast_emulator.history() if entry["operation"] == "PutObject"]
    assert put["host"].endswith(".oss-accelerate.aliyuncs.com")


@pytest.mark.parametrize("none", [None, False, 0, ""])
def test_there_need_be_no_start_callback(vodfast_emulator: Any, make: Make, web: Any, none: Any) -> None:
    path = make("a.mp4", 1000)
    holds(vodfast_emulator, Watched().uploadLocalVideo(UploadVideoRequest(str(path)), none)["VideoId"], path)
    web_request = UploadVideoRequest(f"{web.address}/a.mp4")
    holds(vodfast_emulator, Watched().uploadWebVideo(web_request, none), path)


def test_keys_are_wanted_at_once_and_may_stand_in_the_environment(
    vodfast_emulator: Any, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ALIYUN_ACCESS_KEY_ID", "ALIYUN_ACCESS_KEY_SECRET"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(utils.ClientException, match=r"SDK\.InvalidCredential"):
        AliyunVodUploader(None, None)
    monkeypatch.setenv("ALIYUN_ACCESS_KEY_ID", KEYS[0])
    monkeypatch.setenv("ALIYUN_ACCESS_KEY_SECRET", KEYS[1])
    path = make("a.mp4", 1000)
    info = AliyunVodUploader(None, None).uploadLocalVideo(UploadVideoRequest(str(path)))
    holds(vodfast_emulator, info["VideoId"], path)


def test_errors_come_back_whole_from_a_child_process() -> None:
    error = AliyunVodException("OssError", "AccessDenied", "no", 403, "r")
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), vars(again), again.args) == (str(error), vars(error), ())


def test_a_region_and_a_host_of_ones_own_hold_for_renewals_too(vodfast_emulator: Any, make: Make) -> None:
    path = make("a.mp4", 3 * MIB)
    for region, host in (("cn-qingdao", "vod.aliyuncs.com"), ("cn-mine", "vod.eu-central-1.aliyuncs.com")):
        vodfast_emulator.reset()
        vodfast_emulator.set_faults([{"match": {"operation": "PutObject"}, "action": "expire_token"}])
        region_provider.modify_point("vod", "cn-mine", "vod.eu-central-1.aliyuncs.com")
        uploader = Watched()
        uploader.setApiRegion(region)
        holds(vodfast_emulator, uploader.uploadLocalVideo(UploadVideoRequest(str(path)))["VideoId"], path)
        asked = {e["operation"]: e["host"] for e in vodfast_emulator.history() if "Upload" in e["operation"]}
        assert asked == {"CreateUploadVideo": host, "RefreshUploadVideo": host}


def test_what_says_nothing_is_not_sent(vodfast_emulator: Any, make: Make) -> None:
    request = UploadImageRequest(str(make("a.png", 100)))
    for name in ("setTags", "setDescription", "setUserData", "setStorageLocation", "setAppId"):
        getattr(request, name)("")
    request.setCateId(0)
    Watched().uploadImage(request)
    (media,) = vodfast_emulator.media()
    assert media["asked"] == {"ImageType": "default", "ImageExt": "png", "Title": "a.png"}


def test_an_empty_file_opens_nothing(vodfast_emulator: Any, make: Make, web: Any) -> None:
    video, image, words = (str(make(name, 0)) for name in ("a.mp4", "a.png", "a.srt"))
    for upload in (
        lambda: Watched().uploadLocalVideo(UploadVideoRequest(video)),
        lambda: Watched().uploadImage(UploadImageRequest(image)),
        lambda: Watched().uploadAttachedMedia(UploadAttachedMediaRequest(words, "subtitle")),
        lambda: Watched().uploadWebVideo(UploadVideoRequest(f"{web.address}/a.mp4")),
        lambda: Watched().uploadImage(UploadImageRequest(f"{web.address}/a.png"), isLocalFile=False),
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
    path = str(make("a.mp4", 10))
    info = AliyunVodUploader(*KEYS).uploadLocalVideo(UploadVideoRequest(path))
    utils.logger.error("done")
    place, own = info["UploadAddress"], info["VideoId"]
    where = f"{place['Endpoint'].replace('://', '://' + place['Bucket'] + '.')}/{place['FileName']}"
    said = [line.partition("]")[2] for line in capfd.readouterr().out.splitlines()]
    assert said == [
        f"CreateUploadVideo, FilePath: {path}, VideoId: {own}",
        f"UploadFile video Finish, MediaId: {own}, FilePath: {path}, Destination: {where}",
        "done",
    ]


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
    assert UploadVideoRequest("/x/clip.mp4", "T", "").fileName == "/x/clip.mp4"
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
    star: dict[str, Any] = {}
    exec("from vodfast.compat.voduploadsdk.AliyunVodUploader import *", star)
    wanted = "AliyunVodException AliyunVodUploader UploadVideoRequest base64 client json logger os time urllib"
    requests = "CreateUploadVideoRequest CreateUploadImageRequest CreateUploadAttachedMediaRequest"
    assert star.keys() > {*wanted.split(), *requests.split(), "RefreshUploadVideoRequest"}
