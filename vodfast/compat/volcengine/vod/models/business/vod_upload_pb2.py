"""Stand-in for the pieces of upload requests, responses and callbacks of `volcengine.vod`.

Decides names and types of their fields, in the order of the vendor's definition.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from vodfast.compat.volcengine import other_calls
from vodfast.compat.volcengine.descriptors import EnumType
from vodfast.compat.volcengine.messages import FLAG, INT32, INT64, NUMBER, TEXT, Listed, Message, TextMap
from vodfast.compat.volcengine.vod.models.business.vod_common_pb2 import VodSourceInfo

StorageClassType = EnumType("StorageClassType", Default=0, Standard=1, Archive=2, IA=3)
Default, Standard, Archive, IA = StorageClassType.values()
"""Storage classes."""


class VodUploadTemplate(
    Message,
    TemplateIds=Listed(TEXT),
    TemplateType=TEXT,
):
    """Templates to run on what is pulled."""

    __slots__ = ()


class VodImageFile(
    Message,
    Url=TEXT,
    FileName=TEXT,
):
    """One image that goes with a pulled media."""

    __slots__ = ()


class VodExecutionOperationTaskOcr(
    Message,
    WithImageSet=FLAG,
    Mode=TEXT,
):
    __slots__ = ()


class VodExecutionOperationTaskAsr(
    Message,
    Type=TEXT,
    Language=TEXT,
    WithSpeakerInfo=TEXT,
    WithConfidence=TEXT,
    Mode=TEXT,
):
    __slots__ = ()


class VodExecutionOperationTask(
    Message,
    Type=TEXT,
    Ocr=VodExecutionOperationTaskOcr,
    Asr=VodExecutionOperationTaskAsr,
):
    __slots__ = ()


class VodExecutionOperation(
    Message,
    Type=TEXT,
    Task=VodExecutionOperationTask,
):
    __slots__ = ()


class VodExecutionControl(
    Message,
    CallbackArgs=TEXT,
    ClientToken=TEXT,
):
    __slots__ = ()


class VodExecution(
    Message,
    Operation=VodExecutionOperation,
    Control=VodExecutionControl,
):
    """Processing to start once the media is there."""

    __slots__ = ()


class VodUrlUploadURLSet(
    Message,
    SourceUrl=TEXT,
    CallbackArgs=TEXT,
    Md5=TEXT,
    TemplateId=TEXT,
    Title=TEXT,
    Description=TEXT,
    Tags=TEXT,
    Category=TEXT,
    FileName=TEXT,
    ClassificationId=INT64,
    StorageClass=INT32,
    FileExtension=TEXT,
    UrlEncryptionAlgorithm=TEXT,
    EnableLowPriority=FLAG,
    CustomURLHeaders=TextMap(),
    Templates=Listed(VodUploadTemplate),
    FileType=TEXT,
    ImageSet=Listed(VodImageFile),
    Executions=Listed(VodExecution),
    RecordType=INT32,
):
    """One URL to pull."""

    __slots__ = ()


class ValuePair(
    Message,
    JobId=TEXT,
    SourceUrl=TEXT,
    ImageUrls=Listed(TEXT),
):
    """The job of one URL."""

    __slots__ = ()


class VodUrlResponseData(
    Message,
    Data=Listed(ValuePair),
):
    __slots__ = ()


class VodURLSet(
    Message,
    RequestId=TEXT,
    JobId=TEXT,
    SourceUrl=TEXT,
    State=TEXT,
    Vid=TEXT,
    SpaceName=TEXT,
    AccountId=TEXT,
    SourceInfo=VodSourceInfo,
    CallbackArgs=TEXT,
):
    """The state of one job."""

    __slots__ = ()


class VodQueryUploadResult(
    Message,
    MediaInfoList=Listed(VodURLSet),
    NotExistJobIds=Listed(TEXT),
):
    __slots__ = ()


class VodQueryData(
    Message,
    Data=VodQueryUploadResult,
):
    __slots__ = ()


class VodCommitUploadInfoResponseData(
    Message,
    Vid=TEXT,
    SourceInfo=VodSourceInfo,
    PosterUri=TEXT,
    CallbackArgs=TEXT,
    Mid=TEXT,
):
    __slots__ = ()


class VodCommitData(
    Message,
    Data=VodCommitUploadInfoResponseData,
):
    __slots__ = ()


class VodStoreInfo(
    Message,
    StoreUri=TEXT,
    Auth=TEXT,
):
    """An object's place, and the text that opens it."""

    __slots__ = ()


class VodHeaderPair(
    Message,
    Key=TEXT,
    Value=TEXT,
):
    __slots__ = ()


class VodUploadAddress(
    Message,
    StoreInfos=Listed(VodStoreInfo),
    UploadHosts=Listed(TEXT),
    UploadHeader=Listed(VodHeaderPair),
    SessionKey=TEXT,
):
    """One way to send an object."""

    __slots__ = ()


class StoreInfo(
    Message,
    StoreUri=TEXT,
    Auth=TEXT,
):
    """An object's place, and the text that opens it."""

    __slots__ = ()


class HeaderPair(
    Message,
    Key=TEXT,
    Value=TEXT,
):
    __slots__ = ()


class UploadAddress(
    Message,
    StoreInfos=Listed(StoreInfo),
    UploadHosts=Listed(TEXT),
    UploadHeader=Listed(HeaderPair),
    SessionKey=TEXT,
):
    """One way to send an object."""

    __slots__ = ()


class CandidateUploadAddresses(
    Message,
    MainUploadAddresses=Listed(UploadAddress),
    BackupUploadAddresses=Listed(UploadAddress),
    FallbackUploadAddresses=Listed(UploadAddress),
):
    __slots__ = ()


class PartUploadInfo(
    Message,
    PartSize=INT64,
    PartPutUrls=Listed(TEXT),
    CompletePartUrl=TEXT,
    CompleteUrlHeaders=TextMap(),
):
    __slots__ = ()


class VpcTosUploadAddress(
    Message,
    UploadMode=TEXT,
    PutUrl=TEXT,
    PartUploadInfo=PartUploadInfo,
    PutUrlHeaders=TextMap(),
    QuickCompleteMode=TEXT,
):
    __slots__ = ()


class VodApplyUploadInfoData(
    Message,
    UploadAddress=VodUploadAddress,
    CandidateUploadAddresses=CandidateUploadAddresses,
    VpcTosUploadAddress=VpcTosUploadAddress,
):
    """Where an object may be sent."""

    __slots__ = ()


class VodApplyUploadInfoResult(
    Message,
    Data=VodApplyUploadInfoData,
):
    __slots__ = ()


class VodCommitUploadInfoData(
    Message,
    Vid=TEXT,
    PosterUri=TEXT,
    SourceInfo=VodSourceInfo,
    Mid=TEXT,
):
    """What an upload became: a `Vid` (audio, video) or a `Mid` (material)."""

    __slots__ = ()


class VodCommitUploadInfoResult(
    Message,
    Data=VodCommitUploadInfoData,
):
    __slots__ = ()


class VodUploadFunctionInput(
    Message,
    SnapshotTime=NUMBER,
    Title=TEXT,
    Tags=TEXT,
    Description=TEXT,
    Category=TEXT,
    RecordType=INT32,
    Format=TEXT,
    ClassificationId=INT32,
    TemplateId=TEXT,
    Vid=TEXT,
    Fid=TEXT,
    Language=TEXT,
    StoreUri=TEXT,
    Source=TEXT,
    Tag=TEXT,
    AutoPublish=FLAG,
    ActionType=TEXT,
    IsHlsIndexOnly=FLAG,
    HlsMediaSize=TEXT,
    Templates=Listed(VodUploadTemplate),
):
    __slots__ = ()


class VodUploadFunction(
    Message,
    Name=TEXT,
    Input=VodUploadFunctionInput,
):
    """One thing to do with an upload; `Functions` of a request is the JSON of a list of them."""

    __slots__ = ()


class CommitUploadInfoParam(
    Message,
    SpaceName=TEXT,
    CallbackArgs=TEXT,
    SessionKey=TEXT,
    Functions=Listed(VodUploadFunction),
    GetMetaMode=TEXT,
    VodUploadSource=TEXT,
):
    __slots__ = ()


class CommitRequestBodyJson(
    Message,
    SpaceName=TEXT,
    SessionKey=TEXT,
    CallbackArgs=TEXT,
    Functions=TEXT,
    GetMetaMode=TEXT,
    VodUploadSource=TEXT,
):
    __slots__ = ()


class CommitResponse(
    Message,
    Vid=TEXT,
    Mid=TEXT,
    SourceInfo=VodSourceInfo,
    PosterUri=TEXT,
    CallbackArgs=TEXT,
):
    __slots__ = ()


class VodUploadOptionInfo(
    Message,
    TemplateId=TEXT,
    TemplateIds=Listed(TEXT),
    Templates=Listed(VodUploadTemplate),
):
    __slots__ = ()


class VodUploadCallbackData(
    Message,
    Code=TEXT,
    Message=TEXT,
    CallbackArgs=TEXT,
    Vid=TEXT,
    Mid=TEXT,
    SpaceName=TEXT,
    SourceInfo=VodSourceInfo,
    PosterUri=TEXT,
    OptionInfo=VodUploadOptionInfo,
):
    """The upload a callback tells of."""

    __slots__ = ()


class CallbackResponse(
    Message,
    RequestId=TEXT,
    Version=TEXT,
    EventTime=TEXT,
    EventType=TEXT,
    Data=VodUploadCallbackData,
):
    """What the service posts to the callback address when an upload is finished."""

    __slots__ = ()


class FlushUploadResult(
    Message,
    FlushUpload=FLAG,
    Vid=TEXT,
    Mid=TEXT,
    SourceInfo=VodSourceInfo,
    PosterUri=TEXT,
    CallbackArgs=TEXT,
):
    __slots__ = ()


class VodParseUploadManifestData(
    Message,
    MediaSegments=Listed(TEXT),
):
    """Paths of the files a playlist names, relative to it."""

    __slots__ = ()


class VodParseUploadManifestResult(
    Message,
    Data=VodParseUploadManifestData,
):
    __slots__ = ()


if not TYPE_CHECKING:  # a checker would believe every name to be here
    __getattr__ = partial(other_calls.message, __name__)
