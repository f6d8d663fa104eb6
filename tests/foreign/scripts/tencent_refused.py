"""One upload that goes wrong, and what a script can catch of it. Arguments: media file, id, key.

Runs as it is on the vendor's package and on its stand-in.
"""

import json
import sys

from qcloud_cos import CosClientError, CosServiceError
from qcloud_vod.model import VodUploadRequest
from qcloud_vod.vod_upload_client import VodUploadClient
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException

client = VodUploadClient(*sys.argv[2:4])
request = VodUploadRequest()
request.MediaFilePath = sys.argv[1]
try:
    client.upload("ap-guangzhou", request)
except CosServiceError as error:
    facts = [
        "store",
        error.get_status_code(),
        error.get_error_code(),
        error.get_error_msg(),
        bool(error.get_request_id()),
        error.get_resource_location().rpartition("/")[2],
        error.get_trace_id() not in ("", "Unknown"),
        list(error.get_digest_msg()),
        str(error) == str(error.get_digest_msg()),
    ]
except CosClientError:
    facts = ["store, unheard"]
except TencentCloudSDKException as error:
    facts = ["api", error.code, bool(error.requestId), len(error.args)]
print(json.dumps({"what": "refused", "facts": facts}))
