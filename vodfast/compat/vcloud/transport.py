"""The calls behind `Client`, for scripts that make them by themselves or replace them.

Decides what they return where the original returns pairs of answer and end. Leaves them to the public client.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from typing import Any

from vodfast.compat.vcloud.http import Account, Response, ResponseInfo, connected, failed
from vodfast.compat.vcloud.model.upload_host import UploadHost
from vodfast.compat.vcloud.model.upload_init import UploadInit
from vodfast.compat.vcloud.model.vcloud_response import VcloudResp
from vodfast.compat.vcloud.storage.upload_progress_recorder import UploadProgressRecorder
from vodfast.compat.vcloud.storage.uploader import ANY_TYPE, Ended, put_file
from vodfast.credentials import Secret
from vodfast.errors import VodfastError
from vodfast.providers.netease import Checkpoint

_PREFIX = "/app/vod/"
_NOBODY = Account("nobody", "nothing")
"""Who makes the calls that nobody signs, where a transport has no keys."""


class Transport:
    """The calls of one account."""

    def __init__(self, access_key_id: str | None = None, access_key_secret: str | None = None) -> None:
        self.access_key_id = access_key_id
        self.access_key_secret = access_key_secret

    def vcloud_api_request(
        self,
        operator: str,
        headers: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> tuple[dict[str, Any] | None, VcloudResp | None]:
        """A call of the API: the whole answer, and what it says; None for what there is not.

        Every attempt is signed anew: with the keys of the `Auth` that made the `headers`, or else the transport's own.
        """
        operation = operator.removeprefix(_PREFIX)
        try:
            with connected(getattr(headers, "account", None) or self._account()) as client:
                ret = client.invoke(operation, body)
        except VodfastError as error:
            if error.status not in (None, 200) or error.code is None or not error.code.isdecimal():
                failed(error)
                return None, None
            said = error.context.get("vendor_message") or error.message
            return {"code": int(error.code), "msg": said}, VcloudResp(int(error.code), None, said)
        return {"code": 200, "ret": ret}, VcloudResp(200, ret, None)

    def upload_host_get(self) -> tuple[dict[str, Any] | None, ResponseInfo]:
        """Upload nodes, best first, under `upload`."""
        try:
            with connected(self._account() if self.access_key_id else _NOBODY) as client:
                found = {"upload": list(client.perform(lambda cloud: cloud.nodes()))}
        except VodfastError as error:
            return None, failed(error)
        return found, ResponseInfo(Response(200, json.dumps(found)))

    def get_offset(self, upload_host: UploadHost, upload_init: UploadInit, context: str) -> int:
        """How many bytes the server has of an unfinished upload; 0 if it does not know it, or cannot be asked."""
        checkpoint = Checkpoint(
            bucket=upload_init.bucket,
            key=upload_init.objectName,
            token=Secret(upload_init.xNosToken),
            context=context,
            nodes=(upload_host.upload_host, upload_host.upload_host_backup),
        )
        try:
            with connected(self._account() if self.access_key_id else _NOBODY) as client:
                found: int | None = client.perform(lambda cloud: cloud.stored_bytes(checkpoint))
        except VodfastError as error:
            failed(error)
            return 0
        return found or 0

    def upload_file(
        self,
        upload_init: UploadInit,
        upload_host: UploadHost,
        file_name: str,
        file_path: str | bytes | os.PathLike[str],
        file_size: int,
        modify_time: object,
        offset: int,
        context: str | None,
        upload_progress_recorder: UploadProgressRecorder | None,
        mime_type: str = ANY_TYPE,
        progress_handler: Callable[[int, int], object] | None = None,
    ) -> Ended:
        """`put_file`, with this account's keys if it has any."""
        if self.access_key_id:
            upload_init.account = self._account()
        return put_file(
            upload_init, upload_host, file_name, file_path, file_size, modify_time, offset, context,
            upload_progress_recorder, mime_type, progress_handler,
        )  # fmt: skip

    def _account(self) -> Account:
        return Account(self.access_key_id, self.access_key_secret)
