"""Requests and responses of `qcloud_vod`: what to upload, and what became of it.

Decides attributes, their order and the forms they are printed in. Leaves their meaning to `vod_upload_client.py`.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from typing import Any, ClassVar, Self

__all__ = ["VodUploadRequest", "VodUploadResponse"]


class Field(property):
    """An attribute of the service's own, kept as the official models keep it: `MediaType` in `_MediaType`."""

    def __set_name__(self, owner: type[Model], name: str) -> None:
        self._place = f"_{name}"

    def __get__(self, instance: Model | None, owner: type[Model] | None = None) -> Any:
        return self if instance is None else getattr(instance, self._place)

    def __set__(self, instance: Model, value: Any) -> None:
        setattr(instance, self._place, value)


class Model:
    """Attributes with a JSON form. Every attribute begins as None; others may be set as well."""

    _fields: ClassVar[tuple[str, ...]] = ()
    _headers: Any = None

    def __init_subclass__(cls) -> None:
        own = tuple(name for name, value in vars(cls).items() if isinstance(value, Field))
        cls._fields = (*cls._fields, *own)

    def __init__(self) -> None:
        for name in self._fields:
            setattr(self, f"_{name}", None)

    @property
    def headers(self) -> Any:
        """Not looked at, and no part of the JSON form."""
        return self._headers

    @headers.setter
    def headers(self, headers: Any) -> None:
        self._headers = headers

    def to_json_string(self, *args: Any, **kwargs: Any) -> str:
        """All attributes as JSON, unset ones as null; arguments as for `json.dumps`."""
        kwargs.setdefault("ensure_ascii", False)
        return json.dumps(self._serialize(allow_none=True), *args, **kwargs)

    def from_json_string(self, jsonStr: str) -> None:
        """Set the service's own attributes from JSON; those it does not hold become None."""
        self._deserialize(json.loads(jsonStr))

    def _serialize(self, allow_none: bool = False) -> dict[str, Any]:
        """The attributes as a dict, for scripts that know the official models from inside, as the next one is."""
        return {
            name.removeprefix("_"): value
            for name, value in vars(self).items()
            if name != "_headers" and (allow_none or value is not None)
        }

    def _deserialize(self, params: Mapping[str, Any]) -> None:
        for name in self._fields:
            setattr(self, f"_{name}", params.get(name))

    def __repr__(self) -> str:
        return self.to_json_string()


class VodUploadRequest(Model):
    """What to upload, from where, and what the service is to do with it."""

    MediaType = Field()
    SubAppId = Field()
    MediaName = Field()
    CoverType = Field()
    Procedure = Field()
    ExpireTime = Field()
    StorageRegion = Field()
    ClassId = Field()
    SourceContext = Field()
    SessionContext = Field()
    ExtInfo = Field()
    MediaStoragePath = Field()

    def __init__(self) -> None:
        super().__init__()
        self.MediaFilePath: Any = None
        self.CoverFilePath: Any = None
        self.ConcurrentUploadNumber: Any = None

    def _deserialize(self, params: Mapping[str, Any]) -> None:
        super()._deserialize(params)
        if useless := params.keys() - set(self._fields):
            warnings.warn(f"{','.join(sorted(useless))} fileds are useless.", stacklevel=3)  # spelled as there


class VodUploadResponse(Model):
    """What became of it."""

    FileId = Field()
    MediaUrl = Field()
    CoverUrl = Field()
    RequestId = Field()

    @classmethod
    def of(cls, **values: str | None) -> Self:
        """A response with these values."""
        response = cls()
        for name, value in values.items():
            setattr(response, name, value)
        return response
