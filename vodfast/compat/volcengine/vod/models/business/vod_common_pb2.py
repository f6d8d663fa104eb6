"""Stand-in for what the service says of a media's source, and of every answer.

Decides names and types of the fields, in the order of the vendor's definition.
"""

from __future__ import annotations

from vodfast.compat.volcengine.messages import INT32, NUMBER, TEXT, Message, TextMap


class ResponseError(
    Message,
    Code=TEXT,
    Message=TEXT,
):
    """Empty on success."""

    __slots__ = ()


class ResponseMetadata(
    Message,
    RequestId=TEXT,
    Action=TEXT,
    Version=TEXT,
    Service=TEXT,
    Region=TEXT,
    Error=ResponseError,
):
    """What every answer says of itself."""

    __slots__ = ()


class VodVideoStreamMeta(
    Message,
    Codec=TEXT,
    Height=INT32,
    Width=INT32,
    Duration=NUMBER,
    Definition=TEXT,
    Bitrate=INT32,
    Fps=NUMBER,
):
    __slots__ = ()


class VodAudioStreamMeta(
    Message,
    Codec=TEXT,
    Duration=NUMBER,
    SampleRate=INT32,
    Bitrate=INT32,
    Quality=TEXT,
    Channels=INT32,
):
    __slots__ = ()


class VodSourceInfo(
    Message,
    FileId=TEXT,
    Md5=TEXT,
    FileType=TEXT,
    Codec=TEXT,
    Height=INT32,
    Width=INT32,
    Format=TEXT,
    Duration=NUMBER,
    Size=NUMBER,
    StoreUri=TEXT,
    Definition=TEXT,
    Bitrate=INT32,
    Fps=NUMBER,
    CreateTime=TEXT,
    Quality=TEXT,
    DynamicRange=TEXT,
    VideoStreamMeta=VodVideoStreamMeta,
    AudioStreamMeta=VodAudioStreamMeta,
    TosStorageClass=TEXT,
    FileName=TEXT,
    FileExtra=TextMap(),
    StorageClassUpdateTime=TEXT,
):
    """The uploaded file as the service sees it; it may be incomplete right after an upload."""

    __slots__ = ()
