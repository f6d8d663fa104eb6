"""Stand-in for the pieces of upload requests and responses of `volcengine.vod`.

Decides names and types of their fields, in the order of the vendor's definition.
"""

from __future__ import annotations

from vodfast.compat.volcengine.messages import FLAG, INT32, INT64, TEXT, Listed, Message, TextMap
from vodfast.compat.volcengine.vod.models.business.vod_common_pb2 import VodSourceInfo

Default = 0
Standard = 1
Archive = 2
IA = 3
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


class VodStoreInfo(Message, StoreUri=TEXT, Auth=TEXT):
    """An object's place, and the text that opens it."""

    __slots__ = ()


class VodHeaderPair(Message, Key=TEXT, Value=TEXT):
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


class CandidateUploadAddresses(
    Message,
    MainUploadAddresses=Listed(VodUploadAddress),
    BackupUploadAddresses=Listed(VodUploadAddress),
    FallbackUploadAddresses=Listed(VodUploadAddress),
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


class VodApplyUploadInfoResult(Message, Data=VodApplyUploadInfoData):
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
