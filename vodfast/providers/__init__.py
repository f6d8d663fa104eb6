"""The clouds vodfast speaks, by name: one line each, loaded on first use.

The only place that lists them. What a cloud does is behind `contract.Provider`.
"""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Mapping
from typing import Any, cast, get_type_hints

from vodfast.errors import ConfigError
from vodfast.providers.contract import Provider, ProviderOptions

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
    known = provider_settings(name)
    unknown = sorted(setting for setting in settings or {} if setting not in known)
    if unknown:
        raise ConfigError(f"{name} has no setting {', '.join(unknown)}; it has {', '.join(known)}", cloud=name)
    return cast(Provider, _factory(name)(**(settings or {})))


def provider_settings(name: str) -> Mapping[str, Any]:
    """The settings a cloud's provider takes, with their types.

    Raises:
        ConfigError: no such cloud.
    """
    factory = _factory(name)
    types = get_type_hints(factory)
    return {field.name: types[field.name] for field in dataclasses.fields(factory) if field.init}


def upload_options(name: str) -> type[ProviderOptions]:
    """The type of a cloud's own upload options."""
    return cast("type[ProviderOptions]", importlib.import_module(f"{__name__}.{name}").UploadOptions)


def _factory(name: str) -> Any:
    target = _PROVIDERS.get(name)
    if target is None:
        raise ConfigError(f"no cloud named {name!r}: choose one of {', '.join(_PROVIDERS)}")
    module, _, cls = target.partition(":")
    return getattr(importlib.import_module(module), cls)
