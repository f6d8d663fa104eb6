"""Where the SDK of ApsaraVideo VOD finds the service, for regions whose host is not named after them.

Decides hosts only: that of release 2.16.32 for each region. A region that is not here has `vod.REGION.aliyuncs.com`.
"""

from __future__ import annotations

from typing import Final

_CENTRAL: Final = "vod.aliyuncs.com"
_SERVED_CENTRALLY: Final = (
    "ap-northeast-2-pop ap-southeast-2 ap-southeast-3 cn-beijing-finance-1 cn-beijing-finance-pop cn-beijing-gov-1 "
    "cn-beijing-nu16-b01 cn-chengdu cn-edge-1 cn-fujian cn-haidian-cm12-c01 cn-hangzhou-bj-b01 cn-hangzhou-finance "
    "cn-hangzhou-internal-prod-1 cn-hangzhou-internal-test-1 cn-hangzhou-internal-test-2 cn-hangzhou-internal-test-3 "
    "cn-hangzhou-test-306 cn-hongkong-finance-pop cn-huhehaote cn-huhehaote-nebula-1 cn-qingdao cn-qingdao-nebula "
    "cn-shanghai-et15-b01 cn-shanghai-et2-b01 cn-shanghai-finance-1 cn-shanghai-inner cn-shanghai-internal-test-1 "
    "cn-shenzhen-finance-1 cn-shenzhen-inner cn-shenzhen-st4-d01 cn-shenzhen-su18-b01 cn-wuhan cn-wulanchabu "
    "cn-yushanfang cn-zhangbei cn-zhangbei-na61-b01 cn-zhangjiakou-na62-a01 cn-zhengzhou-nebula-1 eu-west-1-oxs "
    "me-east-1 rus-west-1-pop us-east-1"
)


class EndpointData:
    """Hosts by region, as request classes have them."""

    def __init__(self) -> None:
        self.endpoint_map = dict.fromkeys(_SERVED_CENTRALLY.split(), _CENTRAL)
        self.endpoint_map["cn-hangzhou"] = "vod.cn-shanghai.aliyuncs.com"
        self.endpoint_regional = "regional"

    def getEndpointMap(self) -> dict[str, str]:
        return self.endpoint_map

    def getEndpointRegional(self) -> str:
        return self.endpoint_regional


endpoint_data = EndpointData()
