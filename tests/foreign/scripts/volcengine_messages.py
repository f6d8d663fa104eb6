"""What may be done to a message of Volcengine's package, and what comes of it, as one line of JSON for each case.

Runs as it is on the vendor's package and on its stand-in.
"""

import copy
import json

from google.protobuf import json_format
from volcengine.vod.models.business import vod_upload_pb2
from volcengine.vod.models.business.vod_upload_pb2 import VodUploadTemplate, VodUrlUploadURLSet
from volcengine.vod.models.request.request_vod_pb2 import (
    VodApplyUploadInfoRequest,
    VodUploadMediaRequest,
    VodUrlUploadRequest,
)
from volcengine.vod.models.response.response_vod_pb2 import VodCommitUploadInfoResponse


class Idx:
    def __index__(self):
        return 3


class Str(str):
    pass


def assigned(kind, name, value):
    message = kind()
    setattr(message, name, value)
    return getattr(message, name)


def texts(act):
    message = VodUploadTemplate(TemplateIds=["a", "b", "c"])
    answer = act(message.TemplateIds)
    return repr(answer), list(message.TemplateIds)


def entries(act):
    message = VodUrlUploadRequest()
    for number in "123":
        message.URLSets.add(SourceUrl=number)
    answer = act(message.URLSets)
    return repr(answer), [one.SourceUrl for one in message.URLSets]


def headers(act):
    message = VodUrlUploadURLSet()
    message.CustomURLHeaders["a"] = "1"
    message.CustomURLHeaders["b"] = "2"
    answer = act(message.CustomURLHeaders)
    return repr(answer), sorted(message.CustomURLHeaders.items())


def touched(act):
    message = VodCommitUploadInfoResponse()
    act(message)
    return str(message), message.HasField("Result"), [field.name for field, _ in message.ListFields()]


def full():
    info = {"Duration": 2.3, "Size": 5e9, "Height": 3, "FileExtra": {"k": "影"}}
    metadata = {"RequestId": "r", "Error": {}}
    return VodCommitUploadInfoResponse(ResponseMetadata=metadata, Result={"Data": {"Vid": "v", "SourceInfo": info}})


CASES = {
    "bytes to str": lambda: assigned(VodUploadMediaRequest, "SpaceName", b"x"),
    "bad bytes to str": lambda: assigned(VodUploadMediaRequest, "SpaceName", b"\xff"),
    "surrogate": lambda: assigned(VodUploadMediaRequest, "SpaceName", "\ud800"),
    "str subclass": lambda: assigned(VodUploadMediaRequest, "SpaceName", Str("x")),
    "float to int": lambda: assigned(VodUploadMediaRequest, "StorageClass", 1.0),
    "float frac to int": lambda: assigned(VodUploadMediaRequest, "StorageClass", 1.5),
    "str to int": lambda: assigned(VodUploadMediaRequest, "StorageClass", "1"),
    "index to int": lambda: assigned(VodUploadMediaRequest, "StorageClass", Idx()),
    "big int": lambda: assigned(VodUploadMediaRequest, "StorageClass", 2**31),
    "int to bool": lambda: assigned(VodUploadMediaRequest, "SupportParseManifest", 2),
    "float to bool": lambda: assigned(VodUploadMediaRequest, "SupportParseManifest", 1.0),
    "str to bool": lambda: assigned(VodUploadMediaRequest, "SupportParseManifest", "yes"),
    "none to str": lambda: assigned(VodUploadMediaRequest, "SpaceName", None),
    "none to int": lambda: assigned(VodUploadMediaRequest, "StorageClass", None),
    "int to float": lambda: assigned(VodApplyUploadInfoRequest, "FileSize", 5),
    "str to float": lambda: assigned(VodApplyUploadInfoRequest, "FileSize", "5"),
    "bool to float": lambda: assigned(VodApplyUploadInfoRequest, "FileSize", True),
    "float32": lambda: assigned(lambda: VodCommitUploadInfoResponse().Result.Data.SourceInfo, "Duration", 2.3),
    "float32 big": lambda: assigned(lambda: VodCommitUploadInfoResponse().Result.Data.SourceInfo, "Duration", 1e40),
    "unknown set": lambda: assigned(VodUploadMediaRequest, "Nope", 1),
    "unknown get": lambda: VodUploadMediaRequest().Nope,
    "del": lambda: delattr(VodUploadMediaRequest(), "SpaceName"),
    "ctor unknown": lambda: VodUploadMediaRequest(Nope=1),
    "ctor none": lambda: str(VodUploadMediaRequest(SpaceName=None)),
    "ctor bad": lambda: VodUploadMediaRequest(SpaceName=1),
    "ctor pos": lambda: VodUploadMediaRequest("x"),
    "ctor dict": lambda: str(VodCommitUploadInfoResponse(Result={"Data": {"Vid": "v"}})),
    "ctor list dict": lambda: str(VodUrlUploadRequest(URLSets=[{"SourceUrl": "a"}])),
    "ctor empty sub": lambda: str(VodCommitUploadInfoResponse(Result={})),
    "assign sub": lambda: assigned(VodCommitUploadInfoResponse, "Result", None),
    "assign rep": lambda: assigned(VodUrlUploadRequest, "URLSets", []),
    "assign map": lambda: assigned(VodUrlUploadURLSet, "CustomURLHeaders", {}),
    "rep pop": lambda: texts(lambda them: them.pop()),
    "rep pop0": lambda: texts(lambda them: them.pop(0)),
    "rep remove": lambda: texts(lambda them: them.remove("b")),
    "rep remove missing": lambda: texts(lambda them: them.remove("z")),
    "rep sort": lambda: texts(lambda them: them.sort(reverse=True)),
    "rep reverse": lambda: texts(lambda them: them.reverse()),
    "rep insert": lambda: texts(lambda them: them.insert(0, "z")),
    "rep set": lambda: texts(lambda them: them.__setitem__(0, "z")),
    "rep setslice": lambda: texts(lambda them: them.__setitem__(slice(0, 2), ["q"])),
    "rep set bad": lambda: texts(lambda them: them.__setitem__(0, 1)),
    "rep del": lambda: texts(lambda them: them.__delitem__(0)),
    "rep delslice": lambda: texts(lambda them: them.__delitem__(slice(None))),
    "rep index": lambda: texts(lambda them: them[-1]),
    "rep slice": lambda: texts(lambda them: them[1:]),
    "rep extend none": lambda: texts(lambda them: them.extend(None)),
    "rep extend gen": lambda: texts(lambda them: them.extend(x for x in "xy")),
    "rep append bytes": lambda: texts(lambda them: them.append(b"x")),
    "rep MergeFrom": lambda: texts(lambda them: them.MergeFrom(["x"])),
    "rep eq list": lambda: texts(lambda them: (them == ["a", "b", "c"], them != ["a"])),
    "rep clear": lambda: texts(lambda them: them.clear()),
    "rep hash": lambda: texts(hash),
    "rep repr": lambda: texts(lambda them: them),
    "rep str": lambda: texts(lambda them: str(them)),
    "rep bool": lambda: texts(bool),
    "rep add()": lambda: texts(lambda them: them.add()),
    "repc pop": lambda: entries(lambda them: them.pop()),
    "repc remove": lambda: entries(lambda them: them.remove(them[1])),
    "repc set": lambda: entries(lambda them: them.__setitem__(0, VodUrlUploadURLSet())),
    "repc insert": lambda: entries(lambda them: them.insert(0, VodUrlUploadURLSet(SourceUrl="n"))),
    "repc append": lambda: entries(lambda them: them.append(VodUrlUploadURLSet(SourceUrl="n"))),
    "repc append dict": lambda: entries(lambda them: them.append({"SourceUrl": "n"})),
    "repc extend": lambda: entries(lambda them: them.extend([VodUrlUploadURLSet(SourceUrl="n")])),
    "repc add kw": lambda: entries(lambda them: them.add(SourceUrl="n")),
    "repc add pos": lambda: entries(lambda them: them.add("n")),
    "repc sort": lambda: entries(lambda them: them.sort(key=lambda x: x.SourceUrl, reverse=True)),
    "repc reverse": lambda: entries(lambda them: them.reverse()),
    "repc del": lambda: entries(lambda them: them.__delitem__(1)),
    "repc slice": lambda: entries(lambda them: them[1:]),
    "repc MergeFrom": lambda: entries(lambda them: them.MergeFrom([VodUrlUploadURLSet(SourceUrl="n")])),
    "repc repr": lambda: entries(lambda them: them),
    "repc str": lambda: entries(str),
    "repc eq": lambda: entries(lambda them: them == list(them)),
    "map get": lambda: headers(lambda m: (m.get("a"), m.get("z"), m.get("z", 5))),
    "map missing": lambda: headers(lambda m: m["z"]),
    "map in": lambda: headers(lambda m: ("a" in m, "z" in m)),
    "map del": lambda: headers(lambda m: m.__delitem__("a")),
    "map del missing": lambda: headers(lambda m: m.__delitem__("z")),
    "map pop": lambda: headers(lambda m: m.pop("a")),
    "map len": lambda: headers(len),
    "map clear": lambda: headers(lambda m: m.clear()),
    "map dict": lambda: headers(lambda m: sorted(dict(m).items())),
    "map repr": lambda: repr(VodUrlUploadURLSet().CustomURLHeaders),
    "map int": lambda: headers(lambda m: m.__setitem__("a", 1)),
    "map int key": lambda: headers(lambda m: m.__setitem__(1, "a")),
    "map bytes": lambda: headers(lambda m: m.__setitem__("a", b"x")),
    "map update": lambda: headers(lambda m: m.update({"c": "3"}, d="4")),
    "map update bad": lambda: headers(lambda m: m.update({"c": 3})),
    "map setdefault": lambda: headers(lambda m: m.setdefault("q", "w")),
    "map MergeFrom": lambda: headers(
        lambda m: m.MergeFrom(VodUrlUploadURLSet(CustomURLHeaders={"z": "9"}).CustomURLHeaders)
    ),
    "map eq": lambda: headers(lambda m: m == {"a": "1", "b": "2"}),
    "map or": lambda: headers(lambda m: sorted((dict(m) | {"c": "x"}).items())),
    "touch read": lambda: touched(lambda o: o.Result.Data.Vid),
    "touch default": lambda: touched(lambda o: setattr(o.Result.Data, "Vid", "")),
    "touch int0": lambda: touched(lambda o: setattr(o.Result.Data.SourceInfo, "Height", 0)),
    "touch inparent": lambda: touched(lambda o: o.Result.Data.SetInParent()),
    "touch merge": lambda: touched(lambda o: o.Result.MergeFrom(type(o.Result)())),
    "touch copy": lambda: touched(lambda o: o.Result.CopyFrom(type(o.Result)())),
    "touch clear": lambda: touched(lambda o: o.Result.Clear()),
    "touch setclear": lambda: touched(lambda o: (setattr(o.Result.Data, "Vid", "x"), o.Result.Data.ClearField("Vid"))),
    "touch clearfield": lambda: touched(lambda o: (setattr(o.Result.Data, "Vid", "x"), o.ClearField("Result"))),
    "touch clear all": lambda: touched(lambda o: (setattr(o.Result.Data, "Vid", "x"), o.Clear())),
    "touch map": lambda: touched(lambda o: o.Result.Data.SourceInfo.FileExtra.update({"a": "b"})),
    "touch map read": lambda: touched(lambda o: o.Result.Data.SourceInfo.FileExtra["a"]),
    "hasfield scalar": lambda: VodUploadMediaRequest().HasField("SpaceName"),
    "hasfield rep": lambda: VodUrlUploadRequest().HasField("URLSets"),
    "hasfield unknown": lambda: VodUrlUploadRequest().HasField("x"),
    "clearfield unknown": lambda: VodUrlUploadRequest().ClearField("x"),
    "clearfield type": lambda: VodUrlUploadRequest().ClearField(1),
    "merge wrong": lambda: VodUploadMediaRequest().MergeFrom(VodUrlUploadRequest()),
    "copy wrong": lambda: VodUploadMediaRequest().CopyFrom(VodUrlUploadRequest()),
    "copy self": lambda: (lambda o: (o.CopyFrom(o), str(o)))(VodUploadMediaRequest(SpaceName="x")),
    "eq wrong": lambda: VodUploadMediaRequest() == VodUrlUploadRequest(),
    "eq": lambda: (
        VodUploadMediaRequest(SpaceName="x") == VodUploadMediaRequest(SpaceName="x"),
        VodUploadMediaRequest(SpaceName="x") != VodUploadMediaRequest(),
    ),
    "eq none": lambda: VodUploadMediaRequest() is None,
    "eq presence": lambda: VodCommitUploadInfoResponse(Result={}) == VodCommitUploadInfoResponse(),
    "hash": lambda: hash(VodUploadMediaRequest()),
    "bool": lambda: bool(VodUploadMediaRequest()),
    "len": lambda: len(VodUploadMediaRequest()),
    "iter": lambda: list(VodUploadMediaRequest()),
    "item": lambda: VodUploadMediaRequest()["SpaceName"],
    "deepcopy": lambda: str(
        copy.deepcopy(VodUrlUploadRequest(URLSets=[{"SourceUrl": "a", "CustomURLHeaders": {"k": "v"}}]))
    ),
    "copy": lambda: str(copy.copy(VodUrlUploadRequest(URLSets=[{"SourceUrl": "a"}]))),
    "str": lambda: str(
        VodUploadMediaRequest(
            SpaceName="影\n\"'\\\t\x01\x7f\u2028😀", StorageClass=-1, ChunkSize=2**40, SupportParseManifest=True
        )
    ),
    "repr": lambda: repr(VodUploadMediaRequest(SpaceName="x")),
    "format": lambda: "{}".format(VodUploadMediaRequest(SpaceName="x")),
    "whichoneof": lambda: VodUploadMediaRequest().WhichOneof("x"),
    "isinit": lambda: VodUploadMediaRequest().IsInitialized(),
    "descr": lambda: (
        VodUploadMediaRequest.DESCRIPTOR.name,
        VodUploadMediaRequest.DESCRIPTOR.full_name,
        [
            (
                f.name,
                f.number,
                f.type,
                f.cpp_type,
                f.default_value,
                f.has_presence,
                f.json_name,
                f.camelcase_name,
                f.full_name,
                f.index,
            )
            for f in VodUploadMediaRequest.DESCRIPTOR.fields
        ],
    ),
    "descr2": lambda: [
        (f.name, f.number, f.type, f.is_repeated, f.has_presence, f.message_type.full_name if f.message_type else None)
        for f in VodUrlUploadURLSet.DESCRIPTOR.fields
    ],
    "numbers of types": lambda: [
        (
            f.TYPE_MESSAGE,
            f.TYPE_STRING,
            f.type == f.TYPE_STRING,
            f.CPPTYPE_MESSAGE,
            f.cpp_type == f.CPPTYPE_STRING,
            f.LABEL_REPEATED,
            f.is_required,
            sorted((n, getattr(f, n)) for n in dir(f) if n.startswith(("TYPE_", "LABEL_"))),
        )
        for f in VodUrlUploadRequest.DESCRIPTOR.fields
    ],
    "listfields": lambda: [(f.name, v) for f, v in VodUploadMediaRequest(SpaceName="x", StorageClass=2).ListFields()],
    "enum": lambda: (
        vod_upload_pb2.StorageClassType.Name(2),
        vod_upload_pb2.StorageClassType.Value("IA"),
        vod_upload_pb2.StorageClassType.keys(),
        vod_upload_pb2.StorageClassType.values(),
        vod_upload_pb2.StorageClassType.items(),
        vod_upload_pb2.StorageClassType.IA,
        vod_upload_pb2.Archive,
    ),
    "enum bad": lambda: vod_upload_pb2.StorageClassType.Name(9),
    "enum bad2": lambda: vod_upload_pb2.StorageClassType.Value("x"),
    "json": lambda: json_format.MessageToJson(full()),
    "json pres": lambda: json_format.MessageToJson(
        full(), preserving_proto_field_name=True, indent=None, ensure_ascii=False, sort_keys=True
    ),
    "json int64": lambda: json_format.MessageToDict(
        VodUploadMediaRequest(ChunkSize=2**40, StorageClass=1, SupportParseManifest=True)
    ),
    "json rep": lambda: json_format.MessageToDict(
        VodUrlUploadRequest(
            SpaceName="s",
            URLSets=[
                {
                    "SourceUrl": "a",
                    "CustomURLHeaders": {"x": "y"},
                    "Templates": [{"TemplateIds": ["1"]}],
                    "Executions": [{"Operation": {"Task": {"Ocr": {}}}}],
                }
            ],
        )
    ),
    "parse json": lambda: str(
        json_format.Parse(
            '{"ResponseMetadata":{"RequestId":"r","Error":{}},"Result":{"Data":{"Vid":"v","SourceInfo":{"Height":"7","Size":1.5,"Duration":2.3,"FileExtra":{"a":"b"}}}}}',
            VodCommitUploadInfoResponse(),
        )
    ),
    "parse unknown": lambda: json_format.Parse('{"x":1}', VodCommitUploadInfoResponse()),
    "parse unknown ignored": lambda: str(json_format.Parse('{"x":1}', VodCommitUploadInfoResponse(), True)),
    "parse null": lambda: str(json_format.Parse('{"Result":null}', VodCommitUploadInfoResponse())),
    "parse bad": lambda: json_format.Parse(
        '{"Result":{"Data":{"SourceInfo":{"Height":7.5}}}}', VodCommitUploadInfoResponse()
    ),
    "parse bad2": lambda: json_format.Parse('{"Result":{"Data":{"Vid":5}}}', VodCommitUploadInfoResponse()),
    "parse notjson": lambda: json_format.Parse("<html>", VodCommitUploadInfoResponse()),
    "parse dict": lambda: str(
        json_format.ParseDict(
            {
                "SpaceName": "s",
                "URLSets": [{"SourceUrl": "u", "ClassificationId": "5", "CustomURLHeaders": {"a": "b"}}],
            },
            VodUrlUploadRequest(),
        )
    ),
    "numbers": lambda: [
        str(VodCommitUploadInfoResponse(Result={"Data": {"SourceInfo": {"Duration": number, "Size": number}}}))
        for number in (0.1, 2.3, 1e20, 1e-7, 123456.789, 1 / 3, float("inf"), float("nan"), 100.0, 1e6, 29.97)
    ],
}

if __name__ == "__main__":
    for name, case in CASES.items():
        try:
            said = {"answer": repr(case())}
        except Exception as error:
            said = {"error": type(error).__name__}
        print(json.dumps({"what": name} | said))
