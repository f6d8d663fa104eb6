"""The clouds vodfast speaks, by name: one line each, loaded on first use."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import cast

from vodfast.errors import ConfigError
from vodfast.providers.contract import Provider

_PROVIDERS = {
    "volcengine": "vodfast.providers.volcengine.protocol:VolcengineVod",
    "aliyun": "vodfast.providers.aliyun.protocol:AliyunVod",
    "tencent": "vodfast.providers.tencent.protocol:TencentVod",
    "netease": "vodfast.providers.netease.protocol:NeteaseVod",
}


def provider_names() -> tuple[str, ...]:
    """The clouds that `load_provider` knows."""
    return tuple(_PROVIDERS)


def load_provider(name: str, settings: Mapping[str, object] | None = None) -> Provider:
    """The provider for a cloud, configured by keyword settings such as `region` or `place`.

    Raises:
        ConfigError: no such cloud, or a setting it does not have.
    """
    target = _PROVIDERS.get(name)
    if target is None:
        raise ConfigError(f"no cloud named {name!r}: choose one of {', '.join(_PROVIDERS)}")
    module, _, cls = target.partition(":")
    factory = getattr(importlib.import_module(module), cls)
    try:
        return cast(Provider, factory(**(settings or {})))
    except TypeError:
        raise ConfigError(
            f"{name} does not take one of the settings {', '.join(sorted(settings or {}))}", cloud=name
        ) from None
