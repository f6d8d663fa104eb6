"""volcengine, unmodified, against the emulator: what it uploads is what the emulator holds."""

import json
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

MIB = 1024 * 1024
KEYS = ["vodfast-emulator-volcengine", "vodfast-emulator-volcengine-secret"]
HLS = Path(__file__).parents[1] / "media" / "hls"


class Sdk:
    """The SDK behind the emulator's proxy, with the emulator's keys."""

    def __init__(self, client):
        self.client = client

    def upload(self, path, **request):
        return self._ask("upload_media", "VodUploadMediaRequest", path, request)

    def material(self, path, **request):
        return self._ask("upload_material", "VodUploadMaterialRequest", path, request)

    def _ask(self, method, message, path, request):
        keys = request.pop("keys", KEYS)
        asked = {"SpaceName": "demo", "FilePath": str(path), "FileExtension": path.suffix} | request
        return self.client.ask("call", method=method, message=message, keys=keys, request=asked)["Result"]["Data"]

    def refused(self, path, **request):
        keys = request.pop("keys", KEYS)
        asked = {"SpaceName": "demo", "FilePath": str(path), "FileExtension": path.suffix} | request
        call = {"method": "upload_media", "message": "VodUploadMediaRequest"}
        return self.client.refused("call", keys=keys, request=asked, **call)

    def pull(self, *entries):
        request = {"SpaceName": "demo", "URLSets": list(entries)}
        call = {"method": "upload_media_by_url", "message": "VodUrlUploadRequest"}
        return self.client.ask("call", keys=KEYS, request=request, **call)["Result"]["Data"]

    def jobs(self, *ids):
        call = {"method": "query_upload_task_info", "message": "VodQueryUploadTaskInfoRequest"}
        return self.client.ask("call", keys=KEYS, request={"JobIds": ",".join(ids)}, **call)["Result"]["Data"]


@pytest.fixture
def sdk(foreign, emulator):
    yield Sdk(foreign("volc_vod"))
    emulator.restore()


def asked(emulator, operation):
    """The parameters of every such call, from the emulator's history."""
    found = [entry for entry in emulator.history() if entry["operation"] == operation]
    return [{name: value for name, (value,) in parse_qs(urlsplit(entry["path"]).query).items()} for entry in found]


def test_a_small_file_takes_three_requests(sdk, emulator, oracle, sample):
    path = sample("a b.mp4", 300_000)
    functions = json.dumps(
        [
            {"Name": "GetMeta"},
            {"Name": "Snapshot", "Input": {"SnapshotTime": 2.3}},
            {"Name": "AddOptionInfo", "Input": {"Title": "标题", "Tags": "t", "Description": "d", "ClassificationId": 0,
                                                "IsHlsIndexOnly": False}},
        ]
    )  # fmt: skip
    data = sdk.upload(path, FileName="hello/vod 中.mp4", Functions=functions, CallbackArgs="a=b&中", StorageClass=1,
                      ExpireTime="2030-01-01T00:00:00Z")  # fmt: skip
    oracle.assert_holds(data["Vid"], path)
    assert oracle.operations() == ["ApplyUploadInfo", "DirectUpload", "CommitUploadInfo"]
    assert data["PosterUri"]
    assert data["SourceInfo"]["FileName"] == "hello/vod 中.mp4" == oracle.media(data["Vid"])["name"]
    (committed,) = asked(emulator, "CommitUploadInfo")
    assert (committed["Functions"], committed["CallbackArgs"]) == (functions, "a=b&中")
    assert committed["ExpireTime"] == "2030-01-01T00:00:00Z"
    (applied,) = asked(emulator, "ApplyUploadInfo")
    assert (applied["StorageClass"], applied["FileSize"], applied["NeedFallback"]) == ("1", "300000.0", "True")


@pytest.mark.parametrize("storage", [0, 1, 2, 3])
def test_storage_classes(sdk, emulator, oracle, sample, storage):
    path = sample("clip.mp4", 1000)
    oracle.assert_holds(sdk.upload(path, StorageClass=storage)["Vid"], path)
    assert asked(emulator, "ApplyUploadInfo")[0].get("StorageClass", "0") == str(storage)


@pytest.mark.parametrize(
    ("size", "parts"), [(20 * MIB - 1, []), (20 * MIB, [20 * MIB]), (45 * MIB, [20 * MIB, 25 * MIB])]
)
@pytest.mark.parametrize("storage", [0, 2])
def test_from_twenty_mebibytes_on_it_goes_in_parts(sdk, emulator, oracle, sample, size, parts, storage):
    emulator.settings(volcengine_merge_numbering="zero")
    path = sample("clip.mp4", size)
    oracle.assert_holds(sdk.upload(path, StorageClass=storage)["Vid"], path)
    sent = [(entry["part_number"], entry["bytes"]) for entry in emulator.history() if entry["part_number"]]
    assert sent == list(enumerate(parts, 1))
    assert oracle.operations().count("MergeParts") == bool(parts)


@pytest.mark.parametrize(
    ("kind", "suffix", "category"), [("media", ".mp4", "video"), ("image", ".jpg", "image"), ("object", ".vtt", "font")]
)
def test_materials(sdk, emulator, oracle, sample, kind, suffix, category):
    path = sample(f"material{suffix}", 5000)
    described = {"Title": "素材", "Tags": "test", "Description": "d", "Category": category, "RecordType": 2,
                 "Format": suffix[1:]}  # fmt: skip
    functions = json.dumps([{"Name": "GetMeta"}, {"Name": "AddOptionInfo", "Input": described}])
    data = sdk.material(path, FileType=kind, Functions=functions)
    oracle.assert_holds(data["Mid"], path)
    assert "Vid" not in data
    assert asked(emulator, "ApplyUploadInfo")[0]["FileType"] == kind


@pytest.mark.parametrize("candidates", ["none", "separate", "shared"])
def test_every_form_of_addresses(sdk, emulator, oracle, sample, candidates):
    emulator.settings(volcengine_candidates=candidates)
    path = sample("clip.mp4", 1000)
    oracle.assert_holds(sdk.upload(path)["Vid"], path)


@pytest.mark.parametrize(("size", "operation"), [(1000, "DirectUpload"), (20 * MIB, "UploadPart")])
def test_a_dead_host_gives_way_to_the_backup(sdk, emulator, oracle, sample, size, operation):
    emulator.set_faults([{"action": "status", "code": 500, "match": {"operation": operation}, "times": 3}])
    path = sample("clip.mp4", size)
    oracle.assert_holds(sdk.upload(path)["Vid"], path)
    hosts = [entry["host"].split(".")[0] for entry in emulator.history() if entry["operation"] == operation]
    assert hosts == ["tos-main"] * 3 + ["tos-backup"]


@pytest.mark.parametrize(
    ("mode", "size", "operations"),
    [
        ("direct", 1000, ["VpcPutObject"]),
        ("part", 3 * MIB, ["VpcUploadPart"] * 3 + ["VpcCompleteUpload"]),
        ("part", 3 * MIB + 1, ["VpcUploadPart"] * 4 + ["VpcCompleteUpload"]),
    ],
)
def test_inside_a_vpc(sdk, emulator, oracle, sample, mode, size, operations):
    emulator.settings(volcengine_vpc=mode, volcengine_vpc_part_size=MIB)
    path = sample("clip.mp4", size)
    oracle.assert_holds(sdk.upload(path, ClientNetWorkMode="vpc-inner")["Vid"], path)
    assert oracle.operations() == ["ApplyUploadInfo", *operations, "CommitUploadInfo"]


def test_quick_completion(sdk, emulator, oracle, sample):
    emulator.settings(volcengine_vpc="quick")
    data = sdk.upload(sample("clip.mp4", 1000), ClientNetWorkMode="vpc-inner")
    assert oracle.media(data["Vid"])["objects"] == []
    assert oracle.operations() == ["ApplyUploadInfo", "CommitUploadInfo"]


def test_a_playlist_with_everything_it_names(sdk, emulator, oracle):
    data = sdk.upload(HLS / "master.m3u8", SupportParseManifest=True, FileName="show/1/master.m3u8")
    stored = {item["key"].partition("/")[2]: item["size"] for media in emulator.media() for item in media["objects"]}
    files = [path for path in HLS.rglob("*") if path.is_file()]
    assert stored == {f"show/1/{path.relative_to(HLS)}": path.stat().st_size for path in files}
    assert oracle.operations().count("ParseUploadManifest") == 3
    assert [media["media_id"] for media in oracle.committed()] == [data["Vid"]], "the SDK commits no member"


def test_pulls_and_their_jobs(sdk, emulator, oracle):
    entries = [
        {"SourceUrl": "http://cdn.example/a.mp4?x=1&y=2", "FileExtension": ".mp4", "CallbackArgs": "mine",
         "CustomURLHeaders": {"X-Key": "1 2"}, "ClassificationId": 123456789012, "StorageClass": 1, "Title": "标题",
         "Templates": [{"TemplateIds": ["t1"], "TemplateType": "transcode"}]},
        {"SourceUrl": "http://nowhere.invalid/b.mp4", "FileExtension": ".mp4"},
    ]  # fmt: skip
    pulled = sdk.pull(*[dict(entry) for entry in entries])
    assert [job["SourceUrl"] for job in pulled] == [entry["SourceUrl"] for entry in entries]
    ids = [job["JobId"] for job in pulled]
    states = [[job["State"] for job in sdk.jobs(*ids)["MediaInfoList"]] for _ in range(3)]
    assert states == [["initial"] * 2, ["processing"] * 2, ["success", "failed"]]
    told = sdk.jobs(ids[0], "nobody")
    assert told["NotExistJobIds"] == ["nobody"]
    assert told["MediaInfoList"][0]["CallbackArgs"] == "mine"
    assert oracle.media(told["MediaInfoList"][0]["Vid"])["state"] == "committed"


def test_a_locally_made_token_is_a_credential(sdk, emulator, oracle, sample):
    path = sample("clip.mp4", 1000)
    for made in (sdk.client.ask("token", keys=KEYS), sdk.client.ask("token", keys=KEYS, lifetime=60)):
        holder = [made["AccessKeyID"], made["SecretAccessKey"], made["SessionToken"]]
        oracle.assert_holds(sdk.upload(path, keys=holder)["Vid"], path)
    assert "LackPolicy" in sdk.client.refused(
        "call", method="query_upload_task_info", message="VodQueryUploadTaskInfoRequest", keys=holder,
        request={"JobIds": "x"},
    )["text"]  # fmt: skip
    emulator.settings(clock_offset=61)
    assert "InvalidSecretToken" in sdk.refused(path, keys=holder)["text"]
    emulator.settings(clock_offset=0)
    assert "InvalidSecretToken" in sdk.refused(path, keys=[*holder[:2], holder[2][:-8] + "AAAAAAA="])["text"]
    assert "SignatureDoesNotMatch" in sdk.refused(path, keys=[holder[0], "another", holder[2]])["text"]


def test_another_region(sdk, emulator, oracle, sample):
    path = sample("clip.mp4", 1000)
    asked = {"SpaceName": "demo", "FilePath": str(path), "FileExtension": ".mp4"}
    call = {"method": "upload_media", "message": "VodUploadMediaRequest", "region": "ap-southeast-1"}
    data = sdk.client.ask("call", keys=KEYS, request=asked, **call)["Result"]["Data"]
    oracle.assert_holds(data["Vid"], path)
    assert emulator.history()[0]["host"] == "vod.ap-southeast-1.volcengineapi.com"


def test_refusals_reach_the_caller(sdk, sample):
    path = sample("clip.mp4", 1000)
    assert "SignatureDoesNotMatch" in sdk.refused(path, keys=[KEYS[0], "not-the-secret"])["text"]
    assert "InvalidAccessKey" in sdk.refused(path, keys=["nobody", "secret"])["text"]
    assert "InvalidParameter" in sdk.refused(path, FileExtension="")["text"]
