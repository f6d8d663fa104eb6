"""The Volcengine stand-in: scripts of the vendor's package keep their calls, and the emulator judges what they did."""

from __future__ import annotations

import base64
import collections
import hashlib
import http.client
import json
import os
import pickle
import re
import signal
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.oracle import called
from vodfast.compat.volcengine.errors import VodError
from vodfast.compat.volcengine.Policy import Policy, SecurityToken2, Statement
from vodfast.compat.volcengine.util.Functions import Function
from vodfast.compat.volcengine.vod.models.request.request_vod_pb2 import (
    VodApplyUploadInfoRequest,
    VodCommitUploadInfoRequest,
    VodParseUploadManifestRequest,
    VodQueryUploadTaskInfoRequest,
    VodUploadMaterialRequest,
    VodUploadMediaRequest,
    VodUrlUploadRequest,
)
from vodfast.compat.volcengine.vod.VodService import VodService, part_size_of
from vodfast.config import MIB

KEY = "vodfast-emulator-volcengine"


@pytest.fixture
def emulated(emulated: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """The emulator, with no keys anywhere else."""
    for name in ("VOLC_ACCESSKEY", "VOLC_SECRETKEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return emulated


@pytest.fixture
def service(emulated: Any) -> VodService:
    return VodService()


def asked(emulator: Any, operation: str) -> dict[str, str]:
    (record,) = called(emulator, operation)
    return {name: value for name, (value,) in parse_qs(urlsplit(record["path"]).query).items()}


def judge(emulator: Any, media_id: str, path: Path) -> None:
    (media,) = [one for one in emulator.media() if one["media_id"] == media_id]
    assert media["state"] == "committed"
    assert [one["sha256"] for one in media["objects"]] == [hashlib.sha256(path.read_bytes()).hexdigest()]


def test_upload_media(service: VodService, emulated: Any, media_file: Callable[..., Path]) -> None:
    path = media_file(100_000)
    request = VodUploadMediaRequest()
    request.SpaceName = "demo"
    request.FilePath = str(path)
    request.Functions = json.dumps([Function.get_meta_func(), Function.get_snapshot_func(2.3),
                                    Function.get_add_option_info_func("标题", "t", "d\ne", 0)], indent=2)  # fmt: skip
    request.CallbackArgs = "a=b\r\n\tc"
    request.FileName = "hello/vod.mp4"
    request.FileExtension = ".mp4"
    request.StorageClass = 2
    request.ExpireTime = "2030-01-01T00:00:00Z"
    request.VodUploadSource = "upload"
    response = service.upload_media(request)
    assert response.ResponseMetadata.Error.Code == ""
    data = response.Result.Data
    judge(emulated, data.Vid, path)
    assert (data.Mid, data.SourceInfo.FileName, data.SourceInfo.Size) == ("", "hello/vod.mp4", 100_000)
    assert data.PosterUri
    assert response.ResponseMetadata.RequestId == called(emulated, "CommitUploadInfo")[0]["request_id"]
    assert (response.ResponseMetadata.Action, response.ResponseMetadata.Version) == ("CommitUploadInfo", "2022-01-01")
    said = asked(emulated, "CommitUploadInfo")
    assert (said["Functions"], said["CallbackArgs"]) == (request.Functions, "a=b\r\n\tc")
    assert (said["ExpireTime"], said["VodUploadSource"]) == ("2030-01-01T00:00:00Z", "upload")
    said = asked(emulated, "ApplyUploadInfo")
    assert (said["FileName"], said["StorageClass"], said["FileType"]) == ("hello/vod.mp4", "2", "media")
    assert "RequestId:" in str(response)


@pytest.mark.parametrize(
    ("kind", "name"), [("media", "a.mp4"), ("image", "a.jpg"), ("object", "a.vtt"), ("video", "a.mp4"), ("", "a.mp4")]
)
@pytest.mark.parametrize("functions", ["", "described"])
def test_upload_material(
    service: VodService, emulated: Any, media_file: Callable[..., Path], kind: str, name: str, functions: str
) -> None:
    path = media_file(1000, name)
    request = VodUploadMaterialRequest(FileType=kind, SpaceName="demo", FilePath=str(path), FileExtension=path.suffix)
    if functions:
        described = Function.get_add_material_option_info_func("素材", "t", "d", "video", 2, "MP4")
        request.Functions = json.dumps([Function.get_meta_func(), described])
    data = service.upload_material(request).Result.Data
    judge(emulated, data.Mid or data.Vid, path)
    assert bool(data.Mid) is (bool(functions) or kind in ("image", "object"))
    assert asked(emulated, "ApplyUploadInfo")["FileType"] == {"": "media", "video": "media"}.get(kind, kind)
    assert asked(emulated, "CommitUploadInfo").get("Functions", "") == request.Functions


def test_a_file_may_have_any_name_on_this_machine(service: VodService, emulated: Any, tmp_path: Path) -> None:
    path = tmp_path / "line\nbreak\x7f.mp4"
    path.write_bytes(b"bytes")
    judge(emulated, upload(service, path).Result.Data.Vid, path)


@pytest.mark.parametrize(
    ("path", "given"),
    [
        ("p.M3U8", {}),
        ("m.mpd", {"FileName": "show/m.mpd"}),
        ("m.mpd", {"FileExtension": ".mpd", "SupportParseManifest": True}),
        ("m.tmp", {"FileExtension": ".MPD"}),
    ],
)
def test_a_manifest_alone_is_a_single_file(
    service: VodService, emulated: Any, tmp_path: Path, path: str, given: dict[str, Any]
) -> None:
    manifest = tmp_path / path
    manifest.write_text("#EXTM3U\n#EXTINF:1,\nnot-here.ts\n")
    request = VodUploadMediaRequest(SpaceName="demo", FilePath=str(manifest), **given)
    data = service.upload_media(request).Result.Data
    assert (bool(data.Vid), data.Mid) == (True, "")
    judge(emulated, data.Vid, manifest)
    assert asked(emulated, "ApplyUploadInfo")["FileType"] == "media"
    assert called(emulated, "ParseUploadManifest") == []


def test_chunk_sizes_are_raised_to_twenty_mebibytes(service: VodService, emulated: Any, tmp_path: Path) -> None:
    path = tmp_path / "big.mp4"
    with path.open("wb") as file:
        file.truncate(41 * MIB)
    request = VodUploadMediaRequest(SpaceName="demo", FilePath=str(path), ChunkSize=MIB, ParallelNum=1)
    judge(emulated, service.upload_media(request).Result.Data.Vid, path)
    assert [record["bytes"] for record in called(emulated, "UploadPart")] == [21 * MIB, 20 * MIB]


@pytest.mark.parametrize("chunk", [0, 20 * MIB, 33 * MIB + 1])
def test_no_file_goes_in_more_parts_than_the_vendors_package_makes_of_it(chunk: int) -> None:
    least = max(chunk, 20 * MIB)
    for size in (1, least, least + 1, 2 * least - 1, 2 * least, 5 * least + MIB, 1024 * MIB, 100_000 * MIB + 3):
        theirs = max(size // least, 1)
        ours = -(-size // part_size_of(size, chunk))
        assert 1 <= ours <= theirs
        assert part_size_of(size, chunk) <= 2 * least + MIB


def test_a_playlist_takes_no_more_calls_than_the_vendors_package(
    service: VodService, emulated: Any, tmp_path: Path
) -> None:
    (tmp_path / "v").mkdir()
    for name in ("v/0.ts", "v/1.ts"):
        (tmp_path / name).write_bytes(name.encode() * 100)
    (tmp_path / "a.m3u8").write_text("#EXTM3U\n#EXTINF:1,\nv/0.ts\n#EXTINF:1,\nv/1.ts\n#EXT-X-ENDLIST\n")
    request = VodUploadMediaRequest(SpaceName="demo", FilePath=str(tmp_path / "a.m3u8"), SupportParseManifest=True)
    data = service.upload_media(request).Result.Data
    judge(emulated, data.Vid, tmp_path / "a.m3u8")
    assert collections.Counter(record["operation"] for record in emulated.history()) == {
        "ParseUploadManifest": 1, "ApplyUploadInfo": 3, "DirectUpload": 3, "CommitUploadInfo": 1
    }  # fmt: skip
    stored = sorted(one["size"] for media in emulated.media() for one in media["objects"])
    assert stored == [59, 600, 600]


def test_the_vendors_words_are_the_argument_of_an_error(
    service: VodService, emulated: Any, media_file: Callable[..., Path], tmp_path: Path
) -> None:
    path = media_file(10)
    playlist = tmp_path / "a.m3u8"
    playlist.write_text("#EXTM3U\n#EXTINF:1,\ngone.ts\n")
    entry = {"SpaceName": "demo", "FilePath": str(path), "FileExtension": ".mp4"}
    for said, wrong in (
        ("no such file on file path", lambda: service.upload_media(
            VodUploadMediaRequest(SpaceName="demo", FilePath=str(playlist), SupportParseManifest=True))),
        ("MissingParameter", lambda: service.upload_media(VodUploadMediaRequest(FilePath=str(path)))),
        ("MissingParameter", lambda: service.query_upload_task_info(VodQueryUploadTaskInfoRequest())),
        ("MissingParameter", lambda: service.upload_media_by_url(VodUrlUploadRequest(SpaceName="demo"))),
        ("InvalidParameter", lambda: service.upload_media(VodUploadMediaRequest(**entry, Functions="{"))),
        ("InvalidParameter", lambda: service.upload_media(VodUploadMediaRequest(**entry, StorageClass=9))),
    ):  # fmt: skip
        with pytest.raises(VodError) as caught:
            wrong()
        assert caught.value.args == (said,)
        assert str(caught.value).startswith(f"{said}: ")
        assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
    for said, more, wrong in (
        ("no such file on file path", "gone.mp4",
         lambda: service.upload_media(VodUploadMediaRequest(FilePath="gone.mp4"))),
        ("ResourceNotFound", "CommitUploadInfo",
         lambda: service.commit_upload_info(VodCommitUploadInfoRequest(SpaceName="demo", SessionKey="x"))),
    ):  # fmt: skip
        with pytest.raises(VodError) as caught:
            wrong()
        assert (str(caught.value), caught.value.args) == (said, (said,)), "scripts compare it"
        assert more in caught.value.message
        assert caught.value.message in "".join(traceback.format_exception(caught.value))
    gone = {"action": "error", "code": "InvalidAuth", "match": {"operation": "DirectUpload"}, "times": 0}
    emulated.set_faults([gone])
    with pytest.raises(VodError) as caught:
        upload(service, path)
    assert (str(caught.value), caught.value.args) == ("upload failed", ("upload failed",))
    assert caught.value.code == "4030"
    assert "DirectUpload" in caught.value.message
    assert caught.value.message in "".join(traceback.format_exception(caught.value))


def test_what_a_signal_handler_raises_ends_the_upload(
    service: VodService, emulated: Any, media_file: Callable[..., Path]
) -> None:
    """As in scripts that give a call a time limit of their own."""

    class TooLate(Exception):
        pass

    def late(*_: object) -> None:
        raise TooLate

    def interrupt() -> None:
        while not called(emulated, "DirectUpload"):
            ended.wait(0.01)  # the emulator tells nobody what it is asked
        os.kill(os.getpid(), signal.SIGUSR1)

    path, ended = media_file(10), threading.Event()
    emulated.set_faults([{"action": "stall", "match": {"operation": "DirectUpload"}}])
    interrupting = threading.Thread(target=interrupt)
    before = signal.signal(signal.SIGUSR1, late)
    try:
        interrupting.start()
        with pytest.raises(TooLate):
            upload(service, path)
    finally:
        interrupting.join()
        signal.signal(signal.SIGUSR1, before)
    assert called(emulated, "CommitUploadInfo") == []
    emulated.set_faults([])
    judge(emulated, upload(service, path).Result.Data.Vid, path)


def test_what_the_service_says_comes_back_whole(service: VodService, emulated: Any) -> None:
    request = VodParseUploadManifestRequest(SpaceName="demo", ManifestContent="#EXTM3U\n#EXTINF:1,\nv/0.ts\n")
    response = service.parse_upload_manifest(request)
    assert list(response.Result.Data.MediaSegments) == ["v/0.ts"]
    granted = service.apply_upload_info(VodApplyUploadInfoRequest(SpaceName="demo", FileSize=3, FileExtension=".mp4"))
    for operation, answer in (("ParseUploadManifest", response), ("ApplyUploadInfo", granted)):
        metadata = answer.ResponseMetadata
        assert metadata.RequestId == called(emulated, operation)[0]["request_id"]
        assert (metadata.Action, metadata.Version, metadata.Service) == (operation, "2022-01-01", "vod")


def test_pulls_and_jobs(service: VodService, emulated: Any) -> None:
    request = VodUrlUploadRequest()
    request.SpaceName = "demo"
    for number in range(22):
        entry = request.URLSets.add()
        entry.SourceUrl = f"http://cdn.example/{number}.mp4"
        entry.FileExtension = ".mp4"
        entry.CallbackArgs = "mine"
        entry.CustomURLHeaders.update(**{"your header key": "your header value"})
        entry.Tags, entry.Category, entry.StorageClass, entry.ClassificationId = "a,b", "anything", 3, 12
        entry.Templates.add(TemplateIds=["1"], TemplateType="imp")
        entry.Executions.add().Operation.Task.Asr.WithConfidence = "true"
    answer = service.upload_media_by_url(request)
    data = answer.Result.Data
    assert [one.SourceUrl for one in data] == [entry.SourceUrl for entry in request.URLSets]
    assert list(data[0].ImageUrls) == []
    assert answer.ResponseMetadata.RequestId == called(emulated, "UploadMediaByUrl")[0]["request_id"]
    query = VodQueryUploadTaskInfoRequest()
    query.JobIds = ",".join([data[0].JobId, "nobody", data[21].JobId])
    states = [service.query_upload_task_info(query).Result.Data for _ in range(3)]
    assert [[one.State for one in state.MediaInfoList] for state in states] == [
        ["initial"] * 2, ["processing"] * 2, ["success"] * 2
    ]  # fmt: skip
    assert list(states[0].NotExistJobIds) == ["nobody"]
    query.JobIds = f"{data[1].JobId}, {data[2].JobId}"
    assert len(service.query_upload_task_info(query).Result.Data.MediaInfoList) == 2
    first = states[2].MediaInfoList[0]
    assert (first.JobId, first.CallbackArgs, first.SpaceName) == (data[0].JobId, "mine", "demo")
    assert first.SourceInfo.FileName.endswith(".mp4")
    assert first.Vid in {media["media_id"] for media in emulated.media()}


def test_a_pull_without_a_url_is_a_missing_parameter(service: VodService, emulated: Any) -> None:
    request = VodUrlUploadRequest(SpaceName="demo", URLSets=[{"SourceUrl": "", "FileExtension": ".mp4"}])
    with pytest.raises(VodError) as caught:
        service.upload_media_by_url(request)
    assert caught.value.args == ("MissingParameter",)
    assert emulated.history() == []


def test_scripts_that_send_the_bytes_themselves(service: VodService, emulated: Any) -> None:
    request = VodApplyUploadInfoRequest(SpaceName="demo", FileSize=5, FileExtension=".mp4", NeedFallback=True)
    data = service.apply_upload_info(request).Result.Data
    address = data.CandidateUploadAddresses.BackupUploadAddresses[0]
    assert (data.UploadAddress.UploadHosts[0], address.UploadHosts[0]) == (
        "tos-main.volcvod.com", "tos-backup.volcvod.com"
    )  # fmt: skip
    connection = http.client.HTTPConnection(*emulated.endpoint.split(":"))
    headers = {"Host": address.UploadHosts[0], "Authorization": address.StoreInfos[0].Auth, "Content-CRC32": "Ignore"}
    connection.request("PUT", f"/{address.StoreInfos[0].StoreUri}", b"12345", headers)
    assert connection.getresponse().status == 200
    connection.close()
    commit = VodCommitUploadInfoRequest(SpaceName="demo", SessionKey=address.SessionKey, CallbackArgs="mine")
    answer = service.commit_upload_info(commit)
    assert answer.ResponseMetadata.Action == "CommitUploadInfo"
    (media,) = [one for one in emulated.media() if one["state"] == "committed"]
    assert (media["media_id"], media["objects"][0]["size"]) == (answer.Result.Data.Vid, 5)
    commit.SessionKey = "nothing"
    with pytest.raises(VodError, match=r"^ResourceNotFound"):
        service.commit_upload_info(commit)


def policy_in(token: SecurityToken2) -> str:
    inside: dict[str, str] = json.loads(base64.b64decode(token.session_token.removeprefix("STS2")))
    return inside["PolicyString"]


def test_tokens(service: VodService, emulated: Any, media_file: Callable[..., Path]) -> None:
    for made in (service.get_upload_sts2(), service.get_upload_sts2_with_expired_time(1)):
        assert json.loads(str(made)) == {
            "AccessKeyID": made.access_key_id, "SecretAccessKey": made.secret_access_key,
            "SessionToken": made.session_token, "ExpiredTime": made.expired_time, "CurrentTime": made.current_time,
        }  # fmt: skip
        assert made.session_token.startswith("STS2")
        assert made.access_key_id.startswith("AKTP")
    deny = Statement.new_deny_statement(["vod:*"], [])
    written = {"Statement": [{"Action": ["vod:*"], "Effect": "Deny", "Resource": []}]}
    for policy in (Policy([deny]), Policy(written["Statement"]), written):
        assert json.loads(policy_in(service.sign_sts2(policy, 600))) == written
    assert json.loads(policy_in(service.sign_sts2(Policy([]), 600))) == {"Statement": []}
    assert policy_in(service.sign_sts2(None, 600)) == ""
    for nothing in ({}, written | {"Version": "1"}, "text"):
        with pytest.raises(VodError, match=r"^InvalidParameter"):
            service.sign_sts2(nothing, 600)
    assert emulated.history() == []
    service.set_session_token("t")
    service.set_ak(KEY)
    service.set_sk("s")
    with pytest.raises(VodError, match="permanent"):
        service.get_upload_sts2()


def upload(service: VodService, path: Path, **fields: Any) -> Any:
    return service.upload_media(VodUploadMediaRequest(SpaceName="demo", FilePath=str(path), **fields))


def test_a_request_may_be_an_object_with_the_fields_the_vendors_package_reads(
    service: VodService, emulated: Any, media_file: Callable[..., Path]
) -> None:
    unset = dict.fromkeys(("Functions", "CallbackArgs", "ClientNetWorkMode", "ClientIDCMode", "UploadHostPrefer"), "")
    common = {"SpaceName": "demo", "FilePath": str(media_file(10)), "FileName": "a/b.mp4", "FileExtension": ".mp4"}
    media = SimpleNamespace(**common, **unset, StorageClass=2, ChunkSize=0, SupportParseManifest=False, ExpireTime="")
    assert service.upload_media(media).Result.Data.SourceInfo.FileName == "a/b.mp4"
    material = SimpleNamespace(**common, **unset, FileType="object", ChunkSize=0)
    assert service.upload_material(material).Result.Data.Mid
    assert len(emulated.media()) == 2


def test_failures_carry_what_the_service_said(
    service: VodService, emulated: Any, media_file: Callable[..., Path], capfd: pytest.CaptureFixture[str]
) -> None:
    path = media_file(1000)
    for operation, code in (
        ("ApplyUploadInfo", "QuotaInsufficient"),
        ("ApplyUploadInfo", "InvalidParameter"),
        ("CommitUploadInfo", "OperationDenied"),
    ):
        emulated.set_faults([{"action": "error", "code": code, "message": "no", "match": {"operation": operation}}])
        with pytest.raises(Exception, match=f"^{code}$") as caught:
            upload(service, path)
        error = caught.value
        assert isinstance(error, VodError)
        assert (error.code, error.operation, error.retryable) == (code, operation, False)
        assert error.request_id == error.log_id == called(emulated, operation)[-1]["request_id"]
    emulated.set_faults([{"action": "error", "code": "4100", "match": {"operation": "DirectUpload"}}])
    with pytest.raises(Exception, match="upload failed"):
        upload(service, path)
    emulated.set_faults([{"action": "error", "code": "InvalidParameter", "match": {"operation": "UploadMediaByUrl"}}])
    request = VodUrlUploadRequest(SpaceName="demo")
    request.URLSets.add(SourceUrl="http://x.example/a.mp4")
    with pytest.raises(VodError, match=r"^InvalidParameter"):
        service.upload_media_by_url(request)
    assert capfd.readouterr() == ("", "")


def test_a_traceback_shows_the_cause_in_a_line_and_not_the_engine(service: VodService) -> None:
    try:
        service.commit_upload_info(VodCommitUploadInfoRequest(SpaceName="demo", SessionKey="nothing"))
    except Exception:
        shown = traceback.format_exc()
    assert re.match(r"vodfast\.errors\.\w+: .*ResourceNotFound.*\n\nThe above", shown)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"FilePath": "/nowhere/x.mp4"}, "no such file on file path"),
        ({"StorageClass": 7}, "InvalidParameter"),
        ({"Functions": "{"}, "JSON array"),
        ({"SpaceName": ""}, "space"),
        ({"ExpireTime": "tomorrow"}, "expire_time"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_sent(
    service: VodService, emulated: Any, media_file: Callable[..., Path], fields: dict[str, Any], said: str
) -> None:
    request = VodUploadMediaRequest(**{"SpaceName": "demo", "FilePath": str(media_file(10)), **fields})
    with pytest.raises(VodError, match=said):
        service.upload_media(request)
    assert emulated.history() == []


def test_keys_by_setter_win_over_the_environment(
    service: VodService, emulated: Any, media_file: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    emulated.settings(callers=[{"access_key": "vodfast-emulator-c", "secret": "s", "token": "t"}])
    monkeypatch.setenv("VOLC_ACCESSKEY", KEY)
    monkeypatch.setenv("VOLC_SECRETKEY", "wrong")
    path = media_file(10)
    with pytest.raises(VodError, match=r"^SignatureDoesNotMatch"):
        upload(service, path)
    service.set_sk(f"{KEY}-secret")
    upload(service, path)
    service.set_ak("vodfast-emulator-c")
    service.set_sk("s")
    with pytest.raises(VodError, match=r"^InvalidSecretToken"):
        upload(service, path)
    service.set_session_token("t")
    upload(service, path)


def test_objects_share_nothing(emulated: Any, media_file: Callable[..., Path]) -> None:
    home, away = VodService(), VodService("ap-southeast-1")
    path = media_file(10)
    for service in (home, away, home):
        region = upload(service, path).ResponseMetadata.Region
        assert region == service.service_info.credentials.region
    hosts = [record["host"] for record in called(emulated, "ApplyUploadInfo")]
    assert hosts == ["vod.volcengineapi.com", "vod.ap-southeast-1.volcengineapi.com", "vod.volcengineapi.com"]


def test_an_address_of_ones_own(
    emulated: Any, media_file: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VODFAST_EMULATOR")
    service = VodService()
    service.set_host(emulated.endpoint)
    service.set_scheme("http")
    service.set_connection_timeout(30)
    service.set_socket_timeout(30)
    path = media_file(10)
    judge(emulated, upload(service, path).Result.Data.Vid, path)
    for seconds in (None, 10**7):
        service.set_connection_timeout(seconds)
        service.set_socket_timeout(seconds)
        judge(emulated, upload(service, path).Result.Data.Vid, path)
    service.set_host("vod.example")
    with pytest.raises(VodError, match="TLS"):
        upload(service, path)


def test_without_keys_it_says_so(
    emulated: Any, media_file: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VODFAST_EMULATOR")
    with pytest.raises(VodError, match="VOLC_ACCESSKEY"):
        upload(VodService(), media_file(10))


def test_the_vendors_files_are_read(
    emulated: Any, media_file: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(os.environ["HOME"]) / ".volc"
    folder.mkdir()
    (folder / "config").write_text(json.dumps({"ak": KEY, "sk": f"{KEY}-secret"}))
    monkeypatch.delenv("VODFAST_EMULATOR")
    service = VodService()
    service.set_host(emulated.endpoint)
    service.set_scheme("http")
    assert upload(service, media_file(10)).Result.Data.Vid
    text = f"[default]\naccess_key_id = {KEY}-of-nobody\nsecret_access_key = else\n"
    (folder / "credentials").write_text(text)
    assert upload(service, media_file(10)).Result.Data.Vid, "keys are looked up once"
    service = VodService()
    service.set_host(emulated.endpoint)
    service.set_scheme("http")
    assert service.service_info.credentials.ak == f"{KEY}-of-nobody"
    with pytest.raises(VodError, match="InvalidAccessKey"):
        upload(service, media_file(10))


def test_every_call_makes_a_media_of_its_own(
    service: VodService, emulated: Any, media_file: Callable[..., Path]
) -> None:
    first, second = (upload(service, media_file(10)).Result.Data.Vid for _ in range(2))
    assert first != second
    assert [media["state"] for media in emulated.media()] == ["committed", "committed"]


def test_a_call_after_an_outage_goes_on_where_the_first_one_stopped(
    service: VodService, emulated: Any, media_file: Callable[..., Path]
) -> None:
    emulated.settings(volcengine_candidates="none")
    path = media_file(61 * MIB)
    outage = {
        "action": "status",
        "code": 503,
        "match": {"operation": "MergeParts"},
        "headers": {"Retry-After": "9999999"},
    }
    emulated.set_faults([outage | {"times": 0}])
    with pytest.raises(VodError) as caught:
        upload(service, path)
    assert caught.value.retryable
    emulated.set_faults([])
    before = len(emulated.history())
    data = upload(service, path).Result.Data
    again = [record["operation"] for record in emulated.history()[before:]]
    assert again == ["ListParts", "MergeParts", "CommitUploadInfo"]
    judge(emulated, data.Vid, path)
