"""NetEase's `vcloud`: the arguments of everything public, as scripts pass them by place and by name."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from vodfast.compat import vcloud

FILE = (
    "upload_init upload_host file_name file_path file_size modify_time offset context upload_progress_recorder "
    "mime_type=application/octet-stream progress_handler=None"
)
SIGNATURES = {
    vcloud.Client: "access_key_id access_key_secret transport_class=",
    vcloud.Client.upload_init: "self body",
    vcloud.Client.get_upload_host: "self",
    vcloud.Client.upload_file: "self body file_path progress_handler=None mime_type=application/octet-stream",
    vcloud.Client.query_id: "self body",
    vcloud.Client.set_callback: "self body",
    vcloud.Transport: "access_key_id=None access_key_secret=None",
    vcloud.Transport.vcloud_api_request: "self operator headers= body=None",
    vcloud.Transport.upload_host_get: "self",
    vcloud.Transport.get_offset: "self upload_host upload_init context",
    vcloud.Transport.upload_file: f"self {FILE}",
    vcloud.put_file: FILE,
    vcloud.Auth: "AppKey AppSecret",
    vcloud.UploadInit: "bucket objectName xNosToken",
    vcloud.UploadHost: "upload_host upload_host_backup",
    vcloud.QueryResult: "objectName vid imgId",
    vcloud.VcloudResp: "code ret msg",
    vcloud.UploadProgressRecorder: "record_folder=",
    vcloud.UploadProgressRecorder.get_upload_record: "self file_name key",
    vcloud.UploadProgressRecorder.set_upload_record: "self file_name key data",
    vcloud.UploadProgressRecorder.delete_upload_record: "self file_name key",
}
"""Names, order and defaults of the original; a default after which nothing stands may be any."""


@pytest.mark.parametrize("called", SIGNATURES, ids=lambda called: called.__qualname__)
def test_arguments_are_the_originals(called: Callable[..., Any]) -> None:
    parameters = [parameter.partition("=") for parameter in SIGNATURES[called].split()]
    ours = inspect.signature(called).parameters.values()
    assert [(parameter.name, parameter.default is not parameter.empty) for parameter in ours] == [
        (name, bool(sign)) for name, sign, _ in parameters
    ]
    assert all(default in ("", str(own.default)) for own, (_, _, default) in zip(ours, parameters))


def test_everything_imported_from_the_package_is_what_it_is_in_the_original() -> None:
    names: dict[str, Any] = {}
    exec("from vodfast.compat.vcloud import *", names)  # as scripts do
    modules = {"client", "config", "http", "model", "storage", "transport"}
    classes = {"Auth", "Client", "QueryResult", "Transport", "UploadHost", "UploadInit", "UploadProgressRecorder"}
    assert names.keys() - {"__builtins__"} == modules | classes | {"VcloudResp", "put_file"}
    assert names["config"] is vcloud.config
