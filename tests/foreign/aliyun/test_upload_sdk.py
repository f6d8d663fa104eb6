"""voduploadsdk, unmodified, against the emulator: what it uploads is what the emulator holds."""

import http.server
import shutil
import threading
from functools import partial

import pytest

MIB = 1024 * 1024
TELEMETRY = "ReportUploadProgress"


@pytest.fixture
def sdk(foreign):
    return foreign("aliyun_upload")


@pytest.fixture
def upload(sdk, keys):
    def do(method, request, *arguments, **more):
        return sdk.ask("upload", method=method, keys=keys, request=request, arguments=list(arguments), **more)

    return do


@pytest.mark.parametrize("size", [1, 300_000, 10 * MIB])
def test_up_to_ten_mebibytes_is_one_put(upload, oracle, sample, size):
    path = sample("a.b.mp4", size)
    done = upload("uploadLocalVideo", "video", str(path))
    info = done["answer"]
    oracle.assert_holds(info["VideoId"], path)
    assert oracle.media(info["VideoId"])["name"] == "a.b.mp4"
    assert oracle.operations() == ["CreateUploadVideo", "PutObject", TELEMETRY]
    assert done["started"] == [[None, info["VideoId"]]]
    assert info["UploadAddress"]["FileName"].endswith(".mp4")
    assert (info["MediaType"], info["MediaId"]) == ("video", info["VideoId"])
    assert {"OriUploadAddress", "OriUploadAuth", "RequestId", "UploadAuth"} <= set(info)


def test_more_goes_in_parts_one_after_the_other(upload, oracle, sample):
    path = sample("clip.mp4", 25 * MIB + 123)
    done = upload("uploadLocalVideo", "video", str(path), "Title")
    oracle.assert_holds(done["answer"]["VideoId"], path)
    assert oracle.operations() == [
        "CreateUploadVideo", "InitiateMultipartUpload", *["UploadPart", TELEMETRY] * 3, "CompleteMultipartUpload"
    ]  # fmt: skip
    assert done["progress"][-1] == [path.stat().st_size] * 2


def test_every_field_of_a_video(upload, emulator, foreign, keys, sample):
    place = f"{foreign_bucket(foreign, keys)}.oss-cn-shanghai.aliyuncs.com"
    fields = {
        "tags": "t1,t2", "description": "D" * 2000, "coverURL": "http://h/c.png", "cateId": 7, "appId": "app-1000000",
        "templateGroupId": "VOD_NO_TRANSCODE", "workflowId": "w1", "storageLocation": place,
        "userData": '{"Extend": {"k": 1}}',
    }  # fmt: skip
    path = sample("clip.mp4", 1000)
    done = upload("uploadLocalVideo", "video", str(path), "题" * 100, fields=fields)
    ask = partial(foreign("aliyun_api").ask, "action", keys=keys)
    video = ask(name="GetVideoInfo", request={"VideoId": done["answer"]["VideoId"]})["Video"]
    assert (video["Title"], video["Description"]) == ("题" * 42, "D" * 1024)
    assert (video["Tags"], video["CateId"], video["CoverURL"]) == ("t1,t2", 7, "http://h/c.png")
    assert (video["StorageLocation"], video["UserData"]) == (place, '{"Extend": {"k": 1}}')


def foreign_bucket(foreign, keys):
    info = foreign("aliyun_api").ask(
        "action", name="CreateUploadVideo", keys=keys, request={"Title": "t", "FileName": "a.mp4"}
    )
    store = foreign("aliyun_api").ask("action", name="GetVideoInfo", keys=keys, request={"VideoId": info["VideoId"]})
    return store["Video"]["StorageLocation"].partition(".")[0]


def test_image_and_attached_media(upload, oracle, sample):
    picture, title = sample("cover.PNG", 20_000), "字幕"
    image_id, url = upload("uploadImage", "image", str(picture), fields={"imageType": "cover"})["answer"]
    oracle.assert_holds(image_id, picture)
    assert url.endswith(".png")
    words = sample("s.srt", 500)
    answer = upload("uploadAttachedMedia", "attached", str(words), "subtitle", title)["answer"]
    oracle.assert_holds(answer["MediaId"], words)
    assert set(answer) == {"MediaId", "MediaURL", "FileURL"}
    assert TELEMETRY not in oracle.operations()


@pytest.fixture
def playlist(tmp_path, sample):
    """A playlist of three segments in the folder of its own, and those segments."""
    segments = [sample(f"seg-{number}.ts", 70_000 + number) for number in range(3)]
    index = tmp_path / "index.m3u8"
    lines = ["#EXTM3U", *(f"#EXTINF:2.0,\n{path.name}" for path in segments), "#EXT-X-ENDLIST"]
    index.write_text("\n".join(lines) + "\n")
    return index, segments


def test_a_playlist_with_its_segments(upload, oracle, playlist):
    index, segments = playlist
    video_id = upload("uploadLocalM3u8", "video", str(index))["answer"]
    oracle.assert_holds(video_id, index, *segments)
    keys = [item["key"] for item in oracle.media(video_id)["objects"]]
    (key,) = [key for key in keys if key.endswith(".m3u8")]
    assert {k for k in keys if k != key} == {f"{key.rpartition('/')[0]}/{path.name}" for path in segments}
    assert oracle.operations() == ["CreateUploadVideo", *["PutObject", TELEMETRY] * 4]


def test_the_parsed_list_of_segments(sdk, keys, playlist):
    index, segments = playlist
    assert sdk.ask("parse", method="parseLocalM3u8", keys=keys, argument=str(index)) == [str(path) for path in segments]


@pytest.fixture
def web(tmp_path):
    """The folder of the samples as a web server of this machine."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_file_of_the_web_goes_by_the_disk(upload, oracle, sample, web):
    path = sample("clip.mp4", 20_000)
    video_id = upload("uploadWebVideo", "video", f"{web}/{path.name}")["answer"]
    oracle.assert_holds(video_id, path)


@pytest.mark.parametrize("operation", ["UploadPart", "PutObject"])
def test_an_expired_credential_is_refreshed(upload, emulator, oracle, sample, operation):
    path = sample("clip.mp4", 3 * MIB)
    emulator.set_faults([{"match": {"operation": operation}, "action": "expire_token"}])
    threshold = MIB if operation == "UploadPart" else 4 * MIB
    multipart = {"multipartThreshold": threshold, "multipartPartSize": MIB}
    done = upload("uploadLocalVideo", "video", str(path), multipart=multipart)
    oracle.assert_holds(done["answer"]["VideoId"], path)
    assert oracle.operations().count("RefreshUploadVideo") == 1


def test_errors_have_one_type(sdk, keys, oracle, sample):
    def refused(method="uploadLocalVideo", keys=keys, arguments=()):
        return sdk.refused("upload", method=method, keys=keys, request="video", arguments=list(arguments))

    path = sample("clip.mp4", 10)
    error = refused(keys=["nobody", "x"], arguments=[str(path)])
    assert (error["type"], error["code"], error["status"]) == (
        "AliyunVodException", "InvalidAccessKeyId.NotFound", 404
    )  # fmt: skip
    assert refused(arguments=[str(path.with_name("none.mp4"))])["code"].startswith("FileNotFoundError")
    bare = shutil.copy(path, path.with_name("bare"))
    assert refused(arguments=[str(bare)])["code"] == "InvalidParameter"
    exe = shutil.copy(path, path.with_name("a.exe"))
    assert refused(arguments=[str(exe)])["code"] == "InvalidFileName.Extension"
    assert oracle.committed() == []
