"""Stand-in for what the service says of a media's source.

Decides names and types of the fields, in the order of the vendor's definition.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from vodfast.compat.volcengine import other_calls
from vodfast.compat.volcengine.messages import INT32, NUMBER, SINGLE, TEXT, Message, TextMap


class VodVideoStreamMeta(
    Message,
    Codec=TEXT,
    Height=INT32,
    Width=INT32,
    Duration=SINGLE,
    Definition=TEXT,
    Bitrate=INT32,
    Fps=SINGLE,
):
    __slots__ = ()


class VodAudioStreamMeta(
    Message,
    Codec=TEXT,
    Duration=SINGLE,
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
    Duration=SINGLE,
    Size=NUMBER,
    StoreUri=TEXT,
    Definition=TEXT,
    Bitrate=INT32,
    Fps=SINGLE,
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


if not TYPE_CHECKING:  # a checker would believe every name to be here
    __getattr__ = partial(other_calls.message, __name__)
