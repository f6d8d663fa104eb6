"""NetEase's `vcloud` 1.0.2 under its own names, on vodfast's engine.

Decides what the package exports. What differs from the original on purpose stands in docs/migrating/netease.md.
"""

from vodfast.compat.vcloud import client, config, http, model, storage, transport
from vodfast.compat.vcloud.client.auth import Auth
from vodfast.compat.vcloud.client.vcloud_client import Client
from vodfast.compat.vcloud.model.query_result import QueryResult
from vodfast.compat.vcloud.model.upload_host import UploadHost
from vodfast.compat.vcloud.model.upload_init import UploadInit
from vodfast.compat.vcloud.model.vcloud_response import VcloudResp
from vodfast.compat.vcloud.storage.upload_progress_recorder import UploadProgressRecorder
from vodfast.compat.vcloud.storage.uploader import put_file
from vodfast.compat.vcloud.transport import Transport

__version__ = "1.0.2"

__all__ = [
    "Auth",
    "Client",
    "QueryResult",
    "Transport",
    "UploadHost",
    "UploadInit",
    "UploadProgressRecorder",
    "VcloudResp",
    "client",
    "config",
    "http",
    "model",
    "put_file",
    "storage",
    "transport",
]
