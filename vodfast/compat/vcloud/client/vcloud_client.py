"""`Client`: what scripts use.

Decides what each call returns where the original returns None, bytes or a fixed text. Leaves calls to `transport.py`
and uploads to `storage/uploader.py`.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
from collections.abc import Callable, Mapping
from typing import Any

from vodfast.compat.vcloud import config
from vodfast.compat.vcloud.client.auth import Auth
from vodfast.compat.vcloud.http import Account, log
from vodfast.compat.vcloud.model.query_result import QueryResult
from vodfast.compat.vcloud.model.upload_host import UploadHost
from vodfast.compat.vcloud.model.upload_init import UploadInit
from vodfast.compat.vcloud.storage import uploader
from vodfast.compat.vcloud.storage.upload_progress_recorder import UploadProgressRecorder
from vodfast.compat.vcloud.transport import Transport
from vodfast.providers.netease import Checkpoint

_FAILED = "请求异常"
_DONE = "设置成功"


class Client:
    """One account, whose keys are those of `auth`. `transport_class` is called without arguments and gets them, too."""

    def __init__(
        self, access_key_id: str, access_key_secret: str, transport_class: Callable[[], Transport] = Transport
    ) -> None:
        self.transport = transport_class()
        self.transport.access_key_id, self.transport.access_key_secret = access_key_id, access_key_secret
        self.auth = Auth(access_key_id, access_key_secret)

    def upload_init(self, body: Mapping[str, Any]) -> UploadInit | None:
        """Open an upload; None if the service refuses or cannot be reached."""
        _, answer = self.transport.vcloud_api_request("/app/vod/upload/init", self.auth.getVcloudHeaders(), body)
        if answer is None:
            return None
        if answer.msg is not None or "xNosToken" not in answer.ret:
            log.error("upload/init: %s", answer.msg or "the answer has no xNosToken")
            return None
        init = UploadInit(answer.ret["bucket"], answer.ret["object"], answer.ret["xNosToken"])
        init.account = self._account()
        return init

    def get_upload_host(self) -> UploadHost | None:
        """The best upload node and the next one, which is the same if there is but one; None if none can be had."""
        found, _ = self.transport.upload_host_get()
        return None if found is None else UploadHost(found["upload"][0], found["upload"][:2][-1])

    def upload_file(
        self,
        body: Mapping[str, Any] | None,
        file_path: str | bytes | os.PathLike[str],
        progress_handler: Callable[[int, int], object] | None = None,
        mime_type: str = uploader.ANY_TYPE,
    ) -> QueryResult | bytes | str | None:
        """Upload a file and name its media; None if it failed. An upload that was broken off is taken up again.

        `progress_handler` is called on this thread with the bytes the server has and the file's size.

        Raises:
            OSError: the file cannot be read.
        """
        path = os.fsdecode(file_path)
        file_name, modify_time, size = os.path.basename(path), os.path.getmtime(path), os.path.getsize(path)
        with open(path, "rb"):  # one that cannot be read is the caller's to hear of
            pass
        recorder = UploadProgressRecorder(config.TMP_FILE)
        with uploader.Record(recorder, file_name, modify_time).claimed() as record:
            checkpoint = record.checkpoint(size)
            if self._has_other_steps():
                return self._by_steps(body, path, size, checkpoint, record, progress_handler, mime_type)
            ret, _ = uploader.send(
                self._account(), path, checkpoint, record,
                body=body, mime_type=mime_type, progress_handler=progress_handler,
            )  # fmt: skip
        return None if ret is None else self._media(ret, ret["object"])

    def _has_other_steps(self) -> bool:
        """Whether a subclass, a transport or somebody's patch has a step of an upload of its own."""
        transport = self.transport
        steps = (
            self.upload_init,
            self.get_upload_host,
            transport.vcloud_api_request,
            transport.upload_host_get,
            transport.upload_file,
        )
        return not all(_is_ours(step) for step in steps)

    def _by_steps(
        self,
        body: Any,
        path: str,
        size: int,
        checkpoint: Checkpoint,
        record: uploader.Record,
        progress_handler: Callable[[int, int], object] | None,
        mime_type: str,
    ) -> QueryResult | bytes | str | None:
        """`upload_file` as the original makes it of its steps."""
        init: UploadInit | None
        host: UploadHost | None
        if checkpoint.token is not None:
            init = UploadInit(checkpoint.bucket, checkpoint.key, checkpoint.token.reveal())
            init.account = self._account()
            host = UploadHost(*(*checkpoint.nodes, *checkpoint.nodes, "", "")[:2])
            context = checkpoint.context or ""
        else:
            init, host, context = self.upload_init(body), self.get_upload_host(), ""
        if init is None or host is None:
            return None
        asks_itself = _is_ours(self.transport.upload_file)
        offset = self.transport.get_offset(host, init, context) if context and not asks_itself else 0
        ret, info = self.transport.upload_file(
            init, host, record.file_name, path, size, record.key, offset, context, record.recorder, mime_type,
            progress_handler,
        )  # fmt: skip
        return self._media(ret, init.objectName) if info.status_code == 200 else None

    def _media(self, ret: Any, name: str) -> QueryResult | bytes | str | None:
        """The media of an object: what the last answer says, unless it says nothing or `query_id` is somebody's own."""
        said = _made(ret) if _is_ours(self.query_id) else None
        return said or self.query_id({"objectNames": [name]})

    def query_id(self, body: Mapping[str, Any]) -> QueryResult | bytes | str | None:
        """The media of the first known object of `objectNames`, None if none is known; the service's words in UTF-8 if
        it refuses, a fixed text if it cannot be reached. `vodfast.Client.media` answers for all of them.
        """
        _, answer = self.transport.vcloud_api_request("/app/vod/video/query", self.auth.getVcloudHeaders(), body)
        if answer is None:
            return _FAILED
        if answer.msg is not None:
            return answer.msg.encode()
        entries = answer.ret.get("list") or []
        return _result(entries[0]["objectName"], entries[0]) if entries else None

    def set_callback(self, body: Mapping[str, Any]) -> bytes | str:
        """Set where the account's upload events go: a fixed text, or the service's words in UTF-8 if it refuses."""
        headers = self.auth.getVcloudHeaders()
        _, answer = self.transport.vcloud_api_request("/app/vod/upload/setcallback", headers, body)
        if answer is None:
            return _FAILED
        return _DONE if answer.msg is None else answer.msg.encode()

    def _account(self) -> Account:
        return Account(self.auth.AppKey, self.auth.AppSecret)


_STEPS = frozenset(
    (
        Client.upload_init,
        Client.get_upload_host,
        Client.query_id,
        Transport.vcloud_api_request,
        Transport.upload_host_get,
        Transport.upload_file,
    )
)
"""The methods an upload of the original is made of, as they are here."""


def _is_ours(step: Callable[..., Any]) -> bool:
    return getattr(step, "__func__", None) in _STEPS


def _made(ret: Any) -> QueryResult | None:
    """The media that the last chunk's answer named, None if it did not."""
    try:
        media = json.loads(base64.b64decode(ret["callbackRetMsg"]))["ret"]
        return _result(ret["object"], media) if "vid" in media or "imgId" in media else None
    except (KeyError, TypeError, ValueError, binascii.Error):
        return None


def _result(name: str, entry: Mapping[str, Any]) -> QueryResult:
    return QueryResult(name, entry.get("vid"), None if "vid" in entry else entry.get("imgId"))
