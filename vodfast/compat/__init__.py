"""The vendors' SDKs under their own names, on vodfast's engine.

Decides which official names have a stand-in here. `python -m vodfast.compat SCRIPT` runs an unchanged script with them;
`from vodfast.compat.<official path> import ...` is the same by hand. Each stand-in translates and calls the public
client, and needs no vendor's SDK.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

STAND_INS: Final[Mapping[str, str]] = {
    name: f"{__name__}.{name}"
    for name in ("aliyunsdkcore", "aliyunsdkvod", "qcloud_vod", "vcloud", "volcengine", "voduploadsdk")
}
"""Official top-level names and the packages that take their place, even where the vendor's own is installed."""

SUBSTITUTES: Final[Mapping[str, str]] = {
    name: f"{__name__}.{name}" for name in ("google", "qcloud_cos", "tencentcloud")
}
"""Names that lend an exception or a function: they take their place where the vendor's own package is not installed."""
