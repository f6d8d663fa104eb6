"""Messages of the Volcengine stand-in behave like the vendor's generated ones."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from vodfast.compat.google.protobuf import json_format
from vodfast.compat.google.protobuf.message import DecodeError
from vodfast.compat.volcengine.const import Const
from vodfast.compat.volcengine.Policy import Policy, SecurityToken2, Statement
from vodfast.compat.volcengine.util.Functions import Function
from vodfast.compat.volcengine.vod.models.business import vod_upload_pb2
from vodfast.compat.volcengine.vod.models.business.vod_upload_pb2 import VodUploadTemplate, VodUrlUploadURLSet
from vodfast.compat.volcengine.vod.models.request.request_vod_pb2 import VodUploadMediaRequest, VodUrlUploadRequest
from vodfast.compat.volcengine.vod.models.response.response_vod_pb2 import (
    VodCommitUploadInfoResponse,
    VodQueryUploadTaskInfoResponse,
)


def test_what_is_unset_reads_as_its_default() -> None:
    request = VodUploadMediaRequest()
    assert (request.SpaceName, request.StorageClass, request.SupportParseManifest) == ("", 0, False)
    response = VodCommitUploadInfoResponse()
    assert response.ResponseMetadata.Error.Code == ""
    assert response.Result.Data.SourceInfo.Duration == 0.0
    assert list(VodUrlUploadRequest().URLSets) == []
    assert str(response) == ""
    assert response == VodCommitUploadInfoResponse()


def set_to(name: str, value: Any) -> Callable[[], Any]:
    return lambda: setattr(VodUploadMediaRequest(), name, value)


@pytest.mark.parametrize(
    ("wrong", "kind"),
    [
        (set_to("Spacename", "x"), AttributeError),
        (lambda: VodUploadMediaRequest().Spacename, AttributeError),
        (lambda: VodUploadMediaRequest(Spacename="x"), ValueError),
        (lambda: VodUploadMediaRequest().__delattr__("SpaceName"), AttributeError),
        (set_to("SpaceName", 5), TypeError),
        (set_to("SpaceName", None), TypeError),
        (set_to("SpaceName", b"\xff"), ValueError),
        (set_to("SpaceName", "\ud800"), ValueError),
        (set_to("StorageClass", "1"), TypeError),
        (set_to("StorageClass", 1.0), TypeError),
        (set_to("StorageClass", 2**31), ValueError),
        (set_to("ChunkSize", 2**63), ValueError),
        (set_to("SupportParseManifest", "yes"), TypeError),
        (set_to("SupportParseManifest", 1.0), TypeError),
        (lambda: setattr(VodUrlUploadRequest(), "URLSets", []), AttributeError),
        (lambda: setattr(VodCommitUploadInfoResponse(), "Result", None), AttributeError),
        (lambda: VodUrlUploadRequest().URLSets.append(5), TypeError),
        (lambda: VodUrlUploadRequest().URLSets.append(VodUploadTemplate()), TypeError),
        (lambda: VodUrlUploadRequest().URLSets.add(Url="x"), ValueError),
        (lambda: VodUploadTemplate().TemplateIds.append(5), TypeError),
        (lambda: VodUploadTemplate().TemplateIds.add(), AttributeError),
        (lambda: VodUrlUploadURLSet().CustomURLHeaders.update({"a": 5}), TypeError),
        (lambda: VodUrlUploadURLSet().CustomURLHeaders.__setitem__(5, "a"), TypeError),
        (lambda: VodUploadMediaRequest().HasField("SpaceName"), ValueError),
        (lambda: VodUploadMediaRequest().ClearField("Nothing"), ValueError),
        (lambda: VodUploadMediaRequest().CopyFrom(VodUploadTemplate()), TypeError),
        (lambda: hash(VodUploadMediaRequest()), TypeError),
    ],
)
def test_what_a_message_refuses(wrong: Callable[[], Any], kind: type[Exception]) -> None:
    with pytest.raises(kind):
        wrong()


def test_lists_maps_and_nested_messages_are_filled_in_place() -> None:
    request = VodUrlUploadRequest()
    entry = request.URLSets.add()
    entry.SourceUrl = "http://x.example/a.mp4"
    entry.CustomURLHeaders.update(**{"your header key": "value"})
    entry.CustomURLHeaders["other"] = "b"
    entry.Templates.add(TemplateIds=["1", "2"], TemplateType="imp")
    entry.Templates.extend([VodUploadTemplate(TemplateIds=["3"])])
    execution = entry.Executions.add()
    execution.Operation.Task.Ocr.WithImageSet = True
    request.URLSets.add(SourceUrl="http://x.example/b.mp4", ImageSet=[{"Url": "u"}])
    assert [one.SourceUrl[-5:] for one in request.URLSets] == ["a.mp4", "b.mp4"]
    assert request.URLSets[0].Executions[0].Operation.Task.Ocr.WithImageSet is True
    assert not execution.HasField("Control")
    assert execution.HasField("Operation")
    assert request.URLSets[1].ImageSet[0].Url == "u"
    twin = VodUrlUploadRequest()
    twin.CopyFrom(request)
    assert twin == request
    twin.URLSets[0].Templates[0].TemplateIds.append("9")
    assert twin != request
    assert list(request.URLSets[0].Templates[0].TemplateIds) == ["1", "2"]
    del twin.URLSets[:]
    assert twin == VodUrlUploadRequest()
    request.ClearField("URLSets")
    assert request == twin
    assert list(entry.set_fields()) == ["SourceUrl", "CustomURLHeaders", "Templates", "Executions"]
    assert [field.name for field, _ in entry.ListFields()] == list(entry.set_fields())
    assert VodUrlUploadRequest.URLSETS_FIELD_NUMBER == request.URLSETS_FIELD_NUMBER == 2
    assert str(entry.CustomURLHeaders.GetEntryClass()(key="a", value="b")) == 'key: "a"\nvalue: "b"\n'


def test_a_nested_message_counts_as_set_once_something_was_done_to_it() -> None:
    response = VodCommitUploadInfoResponse()
    assert response.Result.Data.Vid == ""
    assert not response.HasField("Result")
    response.Result.Data.Vid = ""
    assert response.HasField("Result")
    assert str(response) == "Result {\n  Data {\n  }\n}\n"
    assert response != VodCommitUploadInfoResponse()
    response.ClearField("Result")
    response.ResponseMetadata.SetInParent()
    assert str(response) == "ResponseMetadata {\n}\n"
    assert str(VodCommitUploadInfoResponse.of({"Result": {"Data": {}}})) == "Result {\n  Data {\n  }\n}\n"


def test_vars_of_a_message_are_its_fields() -> None:
    request = VodUrlUploadRequest(SpaceName="s", URLSets=[{"SourceUrl": "u"}])
    assert vars(request) == {"SpaceName": "s", "URLSets": [VodUrlUploadURLSet(SourceUrl="u")]}
    assert (vars(VodUrlUploadRequest()), request.__dict__) == ({}, vars(request))


def test_copies_and_pickles() -> None:
    request = VodUrlUploadRequest(SpaceName="s", URLSets=[{"SourceUrl": "u", "CustomURLHeaders": {"k": "v"}}])
    request.URLSets[0].Executions.add().Operation.SetInParent()
    for twin in (copy.copy(request), copy.deepcopy(request), pickle.loads(pickle.dumps(request))):
        assert twin == request
        assert str(twin) == str(request)
        twin.URLSets[0].Templates.add().TemplateIds.append("1")
        twin.URLSets[0].CustomURLHeaders["k"] = "w"
        assert (len(request.URLSets[0].Templates), request.URLSets[0].CustomURLHeaders["k"]) == (0, "v")


def test_numbers_of_32_bits() -> None:
    source = VodCommitUploadInfoResponse().Result.Data.SourceInfo
    source.Duration, source.Size = 2.3, 2.3
    assert (source.Duration, source.Size) == (2.299999952316284, 2.3)
    assert str(source) == "Duration: 2.3\nSize: 2.3\n"
    source.Duration, source.Size = 1 / 3, 1 / 3
    assert str(source) == "Duration: 0.333333343\nSize: 0.33333333333333331\n"
    source.Duration = 1e39
    assert source.Duration == float("inf")


def test_the_text_form() -> None:
    response = VodCommitUploadInfoResponse()
    response.ResponseMetadata.RequestId = "r"
    source = response.Result.Data.SourceInfo
    source.FileName = 'a "中"\n\x01'
    source.Height, source.Size, source.Duration = 5, 12345678901, 1.5
    source.FileExtra["k"] = "v"
    response.Result.Data.Vid = "v1"
    assert str(response) == (
        'ResponseMetadata {\n  RequestId: "r"\n}\nResult {\n  Data {\n    Vid: "v1"\n    SourceInfo {\n'
        "      Height: 5\n      Duration: 1.5\n      Size: 12345678901\n"
        '      FileName: "a \\"中\\"\\n\\001"\n      FileExtra {\n        key: "k"\n        value: "v"\n      }\n'
        "    }\n  }\n}\n"
    )
    request = VodUploadMediaRequest(SpaceName="s", SupportParseManifest=True)
    assert repr(request) == 'SpaceName: "s"\nSupportParseManifest: true\n'


def test_answers_are_read_laxly() -> None:
    response = VodCommitUploadInfoResponse.of(
        {
            "ResponseMetadata": {"RequestId": "r", "Error": None, "New": 1},
            "Result": {"Data": {"Vid": "v", "vid": "w", "SourceInfo": {
                "Height": "12", "Width": 7.0, "Size": "5.5", "FileExtra": {"a": "b"}, "Fps": 25}}},
        }
    )  # fmt: skip
    source = response.Result.Data.SourceInfo
    assert (response.Result.Data.Vid, source.Height, source.Width, source.Size) == ("v", 12, 7, 5.5)
    assert (source.FileExtra["a"], source.Fps, response.ResponseMetadata.Error.Code) == ("b", 25.0, "")
    with pytest.raises(ValueError, match="whole number"):
        VodCommitUploadInfoResponse.of({"Result": {"Data": {"SourceInfo": {"Height": 7.5}}}})
    jobs = VodQueryUploadTaskInfoResponse.of(
        {"Result": {"Data": {"MediaInfoList": [{"State": "initial"}], "NotExistJobIds": ["x"]}}}
    )
    assert (jobs.Result.Data.MediaInfoList[0].State, list(jobs.Result.Data.NotExistJobIds)) == ("initial", ["x"])


def test_functions_constants_and_policies() -> None:
    made = [
        Function.get_meta_func(),
        Function.get_snapshot_func(2.3),
        Function.get_add_option_info_func("title1", "tag1", "desc1", 0, False),
        Function.get_add_material_option_info_func("t", "g", "d", Const.CATEGORY_FONT, 2, "vtt"),
        Function.get_start_workflow_func("w"),
        Function.get_start_workflow_template_func([{"TemplateIds": ["1"], "TemplateType": "imp"}]),
        Function.get_caption_func("t", "vtt", "v", "f", "cn", "s", "g", "a", "u"),
        Function.get_encryption_func({"a": "b"}, {"c": "d"}),
    ]
    assert json.loads(json.dumps(made)) == [
        {"Name": "GetMeta"},
        {"Name": "Snapshot", "Input": {"SnapshotTime": 2.3}},
        {"Name": "AddOptionInfo", "Input": {"Title": "title1", "Tags": "tag1", "Description": "desc1",
                                            "ClassificationId": 0, "IsHlsIndexOnly": False}},
        {"Name": "AddOptionInfo", "Input": {"Title": "t", "Tags": "g", "Description": "d", "Category": "font",
                                            "RecordType": 2, "Format": "vtt"}},
        {"Name": "StartWorkflow", "Input": {"TemplateId": "w", "Templates": None}},
        {"Name": "StartWorkflow", "Input": {"Templates": [{"TemplateIds": ["1"], "TemplateType": "imp"}]}},
        {"Name": "CaptionUpload", "Input": {"Title": "t", "Format": "vtt", "Vid": "v", "Fid": "f", "Language": "cn",
                                            "Source": "s", "Tag": "g", "ActionType": "a", "StoreUri": "u",
                                            "AutoPublish": False}},
        {"Name": "Encryption", "Input": {"Config": {"a": "b"}, "PolicyParams": {"c": "d"}}},
    ]  # fmt: skip
    assert (Const.FILE_TYPE_MEDIA, Const.FILE_TYPE_IMAGE, Const.FILE_TYPE_OBJECT) == ("media", "image", "object")
    assert [getattr(vod_upload_pb2, name) for name in ("Default", "Standard", "Archive", "IA")] == [0, 1, 2, 3]
    statement = Statement.new_deny_statement(["vod:A"], ["*"])
    assert (statement.effect, statement.action, Policy([statement]).statements[0].resource) == (
        "Deny",
        ["vod:A"],
        ["*"],
    )
    assert list(json.loads(str(SecurityToken2()))) == [
        "AccessKeyID", "SecretAccessKey", "SessionToken", "ExpiredTime", "CurrentTime"
    ]  # fmt: skip


def test_messages_as_json_without_protobuf() -> None:
    data = {"Vid": "v", "SourceInfo": {"Duration": 2.3, "Size": 5.5, "Height": 0, "FileExtra": {"k": "影"}}}
    response = VodCommitUploadInfoResponse(ResponseMetadata={"Error": {}}, Result={"Data": data})
    del data["SourceInfo"]["Height"]  # what is not set is not written
    plain = {"ResponseMetadata": {"Error": {}}, "Result": {"Data": data}}
    assert json_format.MessageToDict(response) == plain
    assert json_format.MessageToJson(response) == json.dumps(plain, indent=2)
    assert json_format.MessageToJson(response, indent=None, ensure_ascii=False) == json.dumps(plain, ensure_ascii=False)
    everything = json_format.MessageToDict(response, always_print_fields_with_no_presence=True)
    assert everything["ResponseMetadata"]["Error"] == {"Code": "", "Message": ""}
    request = VodUploadMediaRequest(ChunkSize=2**40, StorageClass=1)
    assert json_format.MessageToDict(request) == {"StorageClass": 1, "ChunkSize": str(2**40)}
    assert json_format.Parse(json.dumps(plain), VodCommitUploadInfoResponse()) == response
    assert json_format.ParseDict({"SpaceName": "s", "x": 1}, request, ignore_unknown_fields=True) is request
    assert (request.SpaceName, request.ChunkSize) == ("s", 2**40)
    json_format.ParseDict({"ChunkSize": None, "SpaceName": "t"}, request)
    assert (request.SpaceName, request.ChunkSize) == ("t", 0)
    for wrong in ("<html>", '{"x": 1}', '{"Result": {"Data": {"x": 1}}}', '{"Result": {"Data": {"Vid": 5}}}'):
        with pytest.raises(json_format.ParseError):
            json_format.Parse(wrong, VodCommitUploadInfoResponse())


def test_messages_as_bytes() -> None:
    request = VodUploadMediaRequest(SpaceName="s", FilePath="f", StorageClass=-1, ChunkSize=300)
    written = request.SerializeToString()
    assert written == bytes.fromhex("0a0173 120166 30ffffffffffffffffff01 78ac02")
    assert (request.ByteSize(), request.SerializePartialToString(deterministic=True)) == (len(written), written)
    again = VodUploadMediaRequest(SpaceName="other", FileName="n")
    assert again.MergeFromString(memoryview(written)) == len(written)
    assert (again.SpaceName, again.FileName, again.StorageClass) == ("s", "n", -1)
    assert again.ParseFromString(written) == len(written)
    assert again == request == VodUploadMediaRequest.FromString(written)
    newer = b"\xfa\x7f\x01x" + written  # a field nobody knows here
    assert VodUploadMediaRequest.FromString(newer) == request
    info = {"Duration": 2.5, "FileExtra": {"k": "影", "": ""}}
    response = VodCommitUploadInfoResponse(ResponseMetadata={"Error": {}}, Result={"Data": {"SourceInfo": info}})
    same = VodCommitUploadInfoResponse.FromString(response.SerializeToString())
    assert (str(same), same.ResponseMetadata.HasField("Error")) == (str(response), True)
    assert VodCommitUploadInfoResponse().SerializeToString() == b""


@pytest.mark.parametrize("written", ["0a", "0a02 73", "0a01 ff", "00", "0b", "ff", "30" + "80" * 10, "0a01"])
def test_what_is_no_message(written: str) -> None:
    with pytest.raises(DecodeError, match="Error parsing message"):
        VodUploadMediaRequest.FromString(bytes.fromhex(written))


def test_names_of_protobuf_where_it_is_not_installed() -> None:
    from vodfast.compat.google.protobuf import message

    assert isinstance(VodUploadMediaRequest(), message.Message)
    assert issubclass(message.DecodeError, message.Error)
    with pytest.raises(AttributeError, match="Reflection"):
        _ = message.Reflection


STARS = {
    "const.Const": {"FILE_TYPE_IMAGE", "FILE_TYPE_MEDIA", "FILE_TYPE_OBJECT", "FILE_TYPE_VIDEO"},
    "util.Functions": {"Function"},
    "vod.models.request.request_vod_pb2": {"VodUploadMediaRequest", "VodUrlUploadRequest"},
    "vod.models.business.vod_upload_pb2": {"Archive", "IA", "StorageClassType", "VodUrlUploadURLSet"},
    "vod.VodService": {
        "FILE_TYPE_OBJECT", "MessageToJson", "Policy", "VodCommitUploadInfoResponse", "VodService",
        "VodUploadMediaRequest", "base64", "crc32", "datetime", "json", "os", "sys", "time",
    },
}  # fmt: skip
"""What scripts know after `from volcengine... import *`."""


@pytest.mark.parametrize("module", STARS)
def test_an_import_of_everything_brings_what_is_the_vendors_and_nothing_of_the_stand_ins(module: str) -> None:
    mine = {"Any": 1, "Client": 2, "Image": 3, "Mapping": 4, "Message": 5, "Template": 6}
    names: dict[str, object] = dict(mine)
    exec(f"from vodfast.compat.volcengine.{module} import *", names)  # as scripts do
    assert names.keys() >= STARS[module]
    assert {name: names[name] for name in mine} == mine
    assert not any(name in names for name in ("Listed", "TEXT", "Final", "TYPE_CHECKING", "annotations", "is_playlist"))
