"""What is refused before anything is sent, and what the accepted fields become on the wire."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from vodfast.credentials import CredentialPlaces, Credentials, find_credentials
from vodfast.errors import ConfigError, InvalidInput, Unsupported
from vodfast.providers import load_provider
from vodfast.providers.contract import MediaSpec, PullItem
from vodfast.providers.tencent import UploadOptions as Foreign
from vodfast.providers.volcengine import (
    AddMaterialInfo,
    AddOptionInfo,
    CaptionUpload,
    Encryption,
    Execution,
    GetMeta,
    Operation,
    PullOptions,
    Snapshot,
    StartWorkflow,
    Template,
    UploadOptions,
)
from vodfast.providers.volcengine.protocol import PLACES, VolcengineVod
from vodfast.transfer.message import Request, Response
from vodfast.transfer.ports import ObjectReceipt

KEYS = Credentials.of("AK", "SK")
VOD = VolcengineVod(place="demo")
OLD = VolcengineVod(place="demo", api_version="2020-08-01")


def spec(**fields: Any) -> MediaSpec:
    return MediaSpec(**{"name": "a.mp4", "size": 5, **fields})


def options(**fields: Any) -> dict[str, Any]:
    return {"options": UploadOptions(**fields)}


def query(request: Request) -> dict[str, str]:
    return {name: value for name, (value,) in parse_qs(urlsplit(request.url).query, keep_blank_values=True).items()}


def applied(media: MediaSpec, provider: VolcengineVod = VOD) -> dict[str, str]:
    return query(provider.apply(media).build(KEYS, 0))


ADDRESS = {"StoreInfos": [{"StoreUri": "b/k", "Auth": "a"}], "UploadHosts": ["h.example"], "SessionKey": "s"}


def committed(media: MediaSpec, provider: VolcengineVod = VOD) -> dict[str, str]:
    body = {"ResponseMetadata": {"RequestId": "r"}, "Result": {"Data": {"UploadAddress": ADDRESS}}}
    ticket = provider.apply(media).parse(Response(status=200, headers=(), body=json.dumps(body).encode()))
    call = provider.commit(ticket, {"media": ObjectReceipt(tag="0", digest=None)})
    assert not isinstance(call, tuple)
    return query(call.build(KEYS, 0))


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no name": ({"name": ""}, "name is missing"),
    "a line break in the name": ({"name": "a\n.mp4"}, "control"),
    "a lone surrogate": ({"title": "\ud800"}, "UTF-8"),
    "no suffix": ({"name": "clip"}, "file_extension is unknown"),
    "a hidden file": ({"name": ".mp4"}, "file_extension is unknown"),
    "empty": ({"size": 0}, "empty file"),
    "too large": ({"size": 1 << 60}, "at most"),
    "negative": ({"size": -1}, "size must be"),
    "title": ({"title": "x" * 513}, "at most 512"),
    "context": ({"context": "中" * 171}, "512 bytes"),
    "tag with a comma": ({"tags": ("a,b",)}, "^tags must be words without commas"),
    "storage class": ({"storage_class": "cold"}, "^storage_class .*standard, archive"),
    "class": ({"category": "news"}, "^category must be the number"),
    "two classes": (
        {"category": "1", **options(classification_id=2)},
        "^category and classification_id name different classes",
    ),
    "classification": (options(classification_id=-1), "classification_id must"),
    "a material of no category": ({"kind": "material"}, "must be one of video"),
    "a material of another category": ({"kind": "material", "category": "poster"}, "must be one of video"),
    "an image that is a font": (
        {"kind": "image", "name": "a.jpg", "category": "font"},
        "^category of kind image is image; give the kind material",
    ),
    "file type": (options(file_type="video"), "media, image, object"),
    "media as image": (options(file_type="image"), "^file_type image is for materials only"),
    "format of media": (options(format="mp4"), "^format is for materials only"),
    "file name": (options(file_name="noext"), "^file_name must end in a suffix"),
    "file name without a suffix of a source with none": ({"name": "clip", **options(file_name="x/y")}, "end in"),
    "file name too long": (options(file_name="x" * 1021 + ".mp4"), "^file_name .*at most 1024"),
    "file name with dots": (options(file_name="a/../b.mp4"), "between slashes"),
    "file name empty": (options(file_name=""), "must not be empty"),
    "extension without a dot": (options(file_extension="mp4"), "a dot and"),
    "extension too long": (options(file_extension=".mp456789"), "a dot and"),
    "extension that injects": (options(file_extension=".a\r\nb"), "a dot and"),
    "network": (options(network_mode="vpc"), "vpc-inner"),
    "network and a stream": ({"size": None, **options(network_mode="vpc-inner")}, "^network_mode vpc-inner needs"),
    "expire time": (options(expire_time="2030-13-01T00:00:00Z"), "expire_time must"),
    "meta mode": (options(get_meta_mode=-1), "get_meta_mode must"),
    "meta mode beyond an int": (options(get_meta_mode=2**31), "get_meta_mode must"),
    "concurrency": (options(part_concurrency=0), "part_concurrency must"),
    "wrong type": (options(file_name=5), "not as declared"),
    "a thing of no type": (options(format=object()), "not as declared"),
    "a NUL in the description": ({"description": "a\0b"}, "^description holds a control"),
    "a NUL in a tag": ({"tags": ("a\0b",)}, "^tags holds a line break or"),
    "a NUL in the data centre": (options(idc_mode="a\0b"), "^idc_mode holds a line break or"),
    "a NUL in the host": (options(host_prefer="a\0b"), "^host_prefer holds a line break or"),
    "a NUL in the source": (options(upload_source="a\0b"), "^upload_source holds a line break or"),
    "a long source": (options(upload_source="x" * 257), "^upload_source .*at most 256"),
    "a flag as text": (options(need_fallback="no"), "not as declared"),
    "functions of no type": (options(functions=({"Name": "GetMeta"},)), "such as vodfast"),
    "a snapshot that is text": (options(functions=(Snapshot("1"),)), "not as declared"),
    "a snapshot of no time": (options(functions=(Snapshot(float("nan")),)), "finite|not as declared"),
    "two descriptions": ({"title": "t", **options(functions=(AddOptionInfo(title="u"),))}, "give either"),
    "a material's description": (
        options(functions=(AddMaterialInfo(category="font"),)),
        "AddOptionInfo for kind media",
    ),
    "a long description": (options(functions=(AddOptionInfo(title="x" * 513),)), "at most 512"),
    "ready functions and others": (options(functions_json="[]", functions=(GetMeta(),)), "leave out functions"),
    "ready functions and a title": ({"title": "t", **options(functions_json="[]")}, "leave out functions"),
    "ready functions that are none": (options(functions_json='{"Name":"GetMeta"}'), "a JSON array"),
    "ready functions without a name": (options(functions_json='[{"Input":{}}]'), "objects with a Name"),
    "ready functions that are texts": (options(functions_json='["GetMeta"]'), "objects with a Name"),
    "ready functions of no JSON": (options(functions_json="[,]"), "a JSON array"),
    "ready functions with a form feed": (options(functions_json="[\f]"), "control"),
    "a NUL in the context": ({"context": "a\0b"}, "context holds a control character"),
    "ready functions, too many": (options(functions_json=f'["{"x" * 8192}"]'), "at most 8192"),
    "a long text": ({"description": "x" * 9000}, "at most 8192"),
    "other options": ({"options": Foreign()}, "vodfast.providers.volcengine"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_the_service_would_refuse_is_refused_by_name(case: str) -> None:
    fields, message = REFUSED[case]
    with pytest.raises(InvalidInput, match=message) as caught:
        VOD.check(spec(**fields))
    assert caught.value.cloud == "volcengine"
    with pytest.raises(InvalidInput):
        VOD.apply(spec(**fields))


@pytest.mark.parametrize(
    ("provider", "fields", "message"),
    [
        (VOD, {"kind": "package"}, "no kind 'package'"),
        (VOD, {"cover_name": "c.jpg"}, "Snapshot"),
        (VOD, {"cover_size": 5}, "Snapshot"),
        (VOD, {"kind": "image", "name": "a.jpg", **options(expire_time="2030-01-01T00:00:00Z")}, "audio and video"),
        (VOD, options(file_type="object", expire_time="2030-01-01T00:00:00Z"), "audio and video"),
        (VOD, {"kind": "image", "name": "a.jpg", **options(classification_id=3)}, "only for kind media"),
        (OLD, {"storage_class": "standard"}, "no place for storage_class; use 2022-01-01"),
        (OLD, options(expire_time="2030-01-01T00:00:00Z"), "no place for expire_time; use 2022-01-01"),
        (OLD, options(get_meta_mode=1), "no place for get_meta_mode; use 2022-01-01"),
        (OLD, options(need_fallback=False), "no place for need_fallback; use 2022-01-01"),
        (OLD, options(idc_mode="i"), "no place for idc_mode; use 2022-01-01"),
        (OLD, options(host_prefer="h"), "no place for host_prefer; use 2022-01-01"),
        (OLD, options(file_extension=".mp4"), "use file_name"),
        (OLD, options(network_mode="vpc-inner"), "no place for network_mode; use 2022-01-01"),
        (
            VolcengineVod(place="demo", region="ap-southeast-1"),
            options(expire_time="2030-01-01T00:00:00Z"),
            "ap-southeast-1",
        ),
    ],
)
def test_no_place_for_it(provider: VolcengineVod, fields: dict[str, Any], message: str) -> None:
    with pytest.raises(Unsupported, match=message) as caught:
        provider.check(spec(**fields))
    assert caught.value.cloud == "volcengine"


@pytest.mark.parametrize(
    "fields",
    [{"description": "two\nlines"}, {"tags": ("中文",)}, options(get_meta_mode=0), options(part_concurrency=1),
     options(upload_source="x" * 256), options(file_name="x" * 1020 + ".mp4"),
     {"category": "7", **options(classification_id=7)}, {"title": "x" * 512}, {"context": "x" * 512}],
)  # fmt: skip
def test_limits_themselves_are_allowed(fields: dict[str, Any]) -> None:
    VOD.check(spec(**fields))


def test_a_region_that_deletes_nothing_by_itself_takes_uploads() -> None:
    VolcengineVod(place="demo", region="ap-southeast-1").check(spec())


@pytest.mark.parametrize("name", ["/a.mp4", "a b.mp4", "a+b.mp4", "a?b", "a$b"])
def test_names_of_the_older_version(name: str) -> None:
    with pytest.raises(InvalidInput, match=r"^file_name .* in this version"):
        OLD.check(spec(**options(file_name=name)))
    OLD.check(spec(name="no suffix", **options(file_name="a/b")))


def test_the_older_version_takes_names_of_2048_bytes() -> None:
    OLD.check(spec(**options(file_name="x" * 2044 + ".mp4")))
    for name in ("x" * 2045 + ".mp4", "中" * 682 + ".mp4"):
        with pytest.raises(InvalidInput, match="2048"):
            OLD.check(spec(**options(file_name=name)))


@pytest.mark.parametrize(
    "settings",
    [
        {"region": "CN"}, {"region": ""}, {"region": "x/y"}, {"api_version": "2021"}, {"endpoint": "https://x"},
        {"endpoint": "x:0"}, {"endpoint": "a..b"}, {"place": "a\nb"}, {"place": 5}, {"colour": "red"},
    ],
)  # fmt: skip
def test_settings_that_cannot_be_used(settings: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        load_provider("volcengine", settings)


def test_a_place_is_needed_for_uploads_and_pulls_only() -> None:
    bare = VolcengineVod()
    for ask in (lambda: bare.check(spec()), lambda: bare.check_pull(PullItem(url="http://x.example/a.mp4"))):
        with pytest.raises(ConfigError, match="place"):
            ask()
    assert "JobIds=clock" in bare.clock().build(KEYS, 0).url


@pytest.mark.parametrize(
    ("settings", "host"),
    [
        ({}, "vod.volcengineapi.com"),
        ({"region": "ap-southeast-1"}, "vod.ap-southeast-1.volcengineapi.com"),
        ({"endpoint": "Vod.Example:443"}, "vod.example"),
        ({"endpoint": "127.0.0.1:8080"}, "127.0.0.1:8080"),
    ],
)
def test_each_region_has_its_endpoint(settings: dict[str, str], host: str) -> None:
    request = load_provider("volcengine", settings).clock().build(KEYS, 0)
    assert urlsplit(request.url).netloc == host


def test_what_apply_says() -> None:
    assert applied(spec(size=10_000)) == {
        "Action": "ApplyUploadInfo", "Version": "2022-01-01", "SpaceName": "demo", "FileSize": "10000",
        "FileType": "media", "FileExtension": ".mp4", "NeedFallback": "true",
    }  # fmt: skip
    assert "FileSize" not in applied(spec(size=None))
    said = applied(
        spec(
            storage_class="infrequent_access",
            **options(
                file_name="p/q.mov", network_mode="vpc-inner", idc_mode="i", host_prefer="h", need_fallback=False
            ),
        )
    )
    assert said["StorageClass"] == "3"
    assert [applied(spec(storage_class=name))["StorageClass"] for name in ("standard", "archive")] == ["1", "2"]
    assert (said["FileName"], said["FileExtension"], said["ClientNetWorkMode"]) == ("p/q.mov", ".mov", "vpc-inner")
    assert (said["ClientIDCMode"], said["UploadHostPrefer"], said["NeedFallback"]) == ("i", "h", "false")
    assert applied(spec(name="any"), OLD) == {
        "Action": "ApplyUploadInfo", "Version": "2020-08-01", "SpaceName": "demo", "FileSize": "5", "FileType": "media"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "category", "file_type"),
    [
        ("image", None, "image"), ("image", "image", "image"), ("subtitle", None, "object"),
        ("material", "font", "object"),
        ("material", "dynamic_img", "image"), ("material", "video", "media"), ("material", "audio", "media"),
    ],
)  # fmt: skip
def test_a_material_says_its_category_in_its_functions(kind: str, category: str | None, file_type: str) -> None:
    suffix = "PNG" if kind == "image" else "VTT"
    given = options(functions=(Snapshot(0), GetMeta()))
    media = spec(kind=kind, category=category, name=f"d/a.{suffix}", tags=("x", "y"), **given)
    assert applied(media)["FileType"] == file_type
    assert json.loads(committed(media)["Functions"]) == [
        {"Name": "GetMeta"},
        {"Name": "Snapshot", "Input": {"SnapshotTime": 0}},
        {
            "Name": "AddOptionInfo",
            "Input": {
                "Category": category or kind, "RecordType": 2, "Title": f"a.{suffix}", "Tags": "x,y",
                "Format": suffix,
            },
        },
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "described"),
    [
        ({"title": "t"}, {"Title": "t"}),
        ({"tags": ("a",)}, {"Tags": "a"}),
        ({"description": "d"}, {"Description": "d"}),
        ({"category": "7"}, {"ClassificationId": 7}),
        (options(classification_id=0), {"ClassificationId": 0}),
    ],
)
def test_each_common_field_alone_describes_the_media(fields: dict[str, Any], described: dict[str, Any]) -> None:
    functions = json.loads(committed(spec(**fields))["Functions"])
    assert functions == [{"Name": "AddOptionInfo", "Input": described}]


def test_what_is_said_of_a_material_goes_before_what_its_name_says() -> None:
    media = spec(kind="material", category="font", name="a.TTF", title="t", description="d", **options(format="otf"))
    (described,) = json.loads(committed(media)["Functions"])
    assert described["Input"] == {
        "Category": "font", "RecordType": 2, "Title": "t", "Description": "d", "Format": "otf"
    }  # fmt: skip


def test_a_name_without_a_suffix_needs_an_extension() -> None:
    said = applied(spec(**options(file_name="a/b", file_extension=".mp4")))
    assert (said["FileName"], said["FileExtension"]) == ("a/b", ".mp4")


@pytest.mark.parametrize("kind", ["media", "material", "image"])
def test_ready_functions_go_as_they_are(kind: str) -> None:
    text = '[{"Name":"AddOptionInfo","Input":{"Title":"标题","New":null}},  {"Name":"GetMeta"}]'
    name = "a.png" if kind == "image" else "a.mp4"
    media = spec(kind=kind, name=name, **options(functions_json=text, file_type="image"))
    assert committed(media)["Functions"] == text
    assert applied(media)["FileType"] == "image"
    assert "Functions" not in committed(spec(kind=kind, name=name, **options(functions_json="")))


def test_what_commit_says() -> None:
    said = committed(spec())
    assert said == {"Action": "CommitUploadInfo", "Version": "2022-01-01", "SpaceName": "demo", "SessionKey": "s"}
    media = spec(
        title="标题", tags=("a", "b"), description="d", category="7", context="a=b&c d+e",
        **options(
            functions=(
                GetMeta(),
                Snapshot(2.3),
                StartWorkflow(template_id="w"),
                StartWorkflow(templates=(Template(template_ids=("t1", "t2"), template_type="transcode"),)),
                CaptionUpload(vid="v", auto_publish=False),
                Encryption(config={"a": "b"}, policy_params="p"),
            ),
            get_meta_mode=1,
            expire_time="2030-01-01T00:00:00+08:00",
            upload_source="upload",
        ),
    )  # fmt: skip
    said = committed(media)
    assert said["CallbackArgs"] == "a=b&c d+e"
    assert (said["GetMetaMode"], said["ExpireTime"], said["VodUploadSource"]) == (
        "1", "2030-01-01T00:00:00+08:00", "upload"
    )  # fmt: skip
    assert json.loads(said["Functions"]) == [
        {"Name": "GetMeta"},
        {"Name": "Snapshot", "Input": {"SnapshotTime": 2.3}},
        {"Name": "StartWorkflow", "Input": {"TemplateId": "w"}},
        {"Name": "StartWorkflow", "Input": {"Templates": [{"TemplateIds": ["t1", "t2"], "TemplateType": "transcode"}]}},
        {"Name": "CaptionUpload", "Input": {"Vid": "v", "AutoPublish": False}},
        {"Name": "Encryption", "Input": {"Config": {"a": "b"}, "PolicyParams": "p"}},
        {
            "Name": "AddOptionInfo",
            "Input": {"Title": "标题", "Tags": "a,b", "Description": "d", "ClassificationId": 7},
        },
    ]


PULLS: dict[str, tuple[dict[str, Any], str]] = {
    "no URL": ({"url": ""}, "url is missing"),
    "no http": ({"url": "ftp://x.example/a"}, "http or https"),
    "title": ({"title": "x" * 129}, "at most 128"),
    "context": ({"context": "x" * 513}, "512 bytes"),
    "type": ({"media_type": "m/p"}, "a dot and"),
    "two types": ({"media_type": "mp4", "options": PullOptions(file_extension=".mov")}, "differ"),
    "tags": ({"options": PullOptions(tags=("x" * 20, "y" * 20))}, "at most 36"),
    "md5": ({"options": PullOptions(md5="xyz")}, "32 hex"),
    "headers": ({"options": PullOptions(headers={"X-A": "b\r\nHost: evil"})}, "header X-A"),
    "header names": ({"options": PullOptions(headers={"X\rA": "b"})}, "headers holds"),
    "a header without a name": ({"options": PullOptions(headers={"": "b"})}, "without a name"),
    "record type": ({"options": PullOptions(record_type=3)}, "record_type must"),
    "class": ({"category": "news"}, "ClassificationId"),
    "two categories": ({"category": "7", "options": PullOptions(category="news")}, "given twice"),
    "a material of no category": ({"options": PullOptions(record_type=2, category="news")}, "must be one of video"),
    "material": ({"category": "7", "options": PullOptions(record_type=2)}, "must be one of video"),
    "storage": ({"options": PullOptions(storage_class="cold")}, "standard"),
    "types": ({"options": PullOptions(md5=5)}, "not as declared"),
}


@pytest.mark.parametrize("case", PULLS)
def test_a_pull_with_a_bad_field_is_refused_by_name(case: str) -> None:
    fields, message = PULLS[case]
    with pytest.raises(InvalidInput, match=message):
        VOD.check_pull(PullItem(**{"url": "http://x.example/a.mp4", **fields}))


def test_a_pull_has_no_cover() -> None:
    with pytest.raises(Unsupported, match="cover_url"):
        VOD.check_pull(PullItem(url="http://x.example/a.mp4", cover_url="http://x.example/c.jpg"))


def test_every_field_of_a_pull() -> None:
    item = PullItem(
        url="http://x.example/v ideo.mp4?x=1&y=2".replace(" ", "%20"), title="t", category="123456789012",
        context='"中"', media_type="mp4",
        options=PullOptions(
            description="d", tags=("a", "b"), md5="0" * 32, template_id="w", file_name="p/q.mp4", file_type="media",
            templates=(Template(template_ids=("t",), template_type="imp"),), record_type=1, storage_class="archive",
            url_encryption_algorithm="e", low_priority=True, headers={"X-A": "1 2", "your header key": "值"},
            executions=(Execution(operation=Operation(type="Task")),),
        ),
    )  # fmt: skip
    request = VOD.pull([item, PullItem(url="http://x.example/b")]).build(KEYS, 0)
    assert request.method == "POST"
    assert isinstance(request.body, bytes)
    form = parse_qs(request.body.decode())
    assert form["SpaceName"] == ["demo"]
    assert json.loads(form["URLSets"][0]) == [
        {
            "SourceUrl": "http://x.example/v%20ideo.mp4?x=1&y=2", "CallbackArgs": '"中"', "Md5": "0" * 32,
            "TemplateId": "w", "Title": "t", "Description": "d", "Tags": "a,b", "FileName": "p/q.mp4",
            "ClassificationId": "123456789012", "StorageClass": 2, "FileExtension": ".mp4",
            "UrlEncryptionAlgorithm": "e", "EnableLowPriority": True,
            "CustomURLHeaders": {"X-A": "1 2", "your header key": "值"},
            "Templates": [{"TemplateIds": ["t"], "TemplateType": "imp"}], "FileType": "media",
            "Executions": [{"Operation": {"Type": "Task"}}], "RecordType": 1,
        },
        {"SourceUrl": "http://x.example/b"},
    ]  # fmt: skip


@pytest.mark.parametrize("ids", [(), ["x"] * 21, "abc", [""], ["a,b"], [" a"], [5]])
def test_job_ids_refused(ids: Any) -> None:
    with pytest.raises(InvalidInput, match="job_ids"):
        VOD.jobs(ids)


def test_credentials_from_the_vendors_places(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = tmp_path / ".volc"
    folder.mkdir()
    with pytest.raises(ConfigError, match=r"VOLC_ACCESSKEY, ~/.volc/credentials, ~/.volc/config"):
        find_credentials("volcengine", PLACES, {})
    (folder / "config").write_text('{"ak": "A1", "sk": "S1"}')
    found = find_credentials("volcengine", PLACES, {"VOLC_ACCESSKEY": "alone"})
    assert (found.credentials, found.origin) == (Credentials.of("A1", "S1"), "file ~/.volc/config")
    (folder / "credentials").write_text("[default]\naccess_key_id = A2\nsecret_access_key = S2\n")
    assert find_credentials("volcengine", PLACES, {}).credentials == Credentials.of("A2", "S2")
    env = {"VOLC_ACCESSKEY": "A3", "VOLC_SECRETKEY": "S3"}
    assert find_credentials("volcengine", PLACES, env).credentials == Credentials.of("A3", "S3")


@pytest.mark.parametrize("text", ["{", "[]", "\xff", '{"ak": 5, "sk": "S"}', "{}"])
def test_a_json_file_that_holds_no_keys(tmp_path: Any, text: str) -> None:
    path = tmp_path / "config"
    path.write_text(text, encoding="latin-1")
    places = CredentialPlaces(env=(), json_files=((str(path), ("ak", "sk", None)),))
    with pytest.raises(ConfigError) as caught:
        find_credentials("volcengine", places, {})
    assert ("JSON object" in caught.value.message) is (text in ("{", "[]", "\xff"))
