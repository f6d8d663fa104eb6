"""Stand-in for `volcengine.util.Functions`: what to do with an upload, as dictionaries for its JSON.

Decides names and order of arguments as scripts use them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["Function"]


class Function:
    """Makes one function each."""

    @staticmethod
    def get_meta_func() -> dict[str, Any]:
        """Extract metadata."""
        return {"Name": "GetMeta"}

    @staticmethod
    def get_snapshot_func(snapshot_time: float) -> dict[str, Any]:
        """Take the poster from this second."""
        return _function("Snapshot", SnapshotTime=snapshot_time)

    @staticmethod
    def get_add_option_info_func(
        title: str, tags: str, description: str, classification_id: int, is_hls_index_only: bool = False
    ) -> dict[str, Any]:
        """Describe audio or video."""
        return _function(
            "AddOptionInfo",
            Title=title,
            Tags=tags,
            Description=description,
            ClassificationId=classification_id,
            IsHlsIndexOnly=is_hls_index_only,
        )

    @staticmethod
    def get_add_material_option_info_func(
        title: str, tags: str, description: str, category: str, record_type: int, format_input: str
    ) -> dict[str, Any]:
        """Describe a material (`record_type` 2)."""
        return _function(
            "AddOptionInfo",
            Title=title,
            Tags=tags,
            Description=description,
            Category=category,
            RecordType=record_type,
            Format=format_input,
        )

    @staticmethod
    def get_start_workflow_func(
        template_id: str, templates: Sequence[Mapping[str, Any]] | None = None
    ) -> dict[str, Any]:
        """Start a workflow by its id, with templates if any."""
        return _function("StartWorkflow", TemplateId=template_id, Templates=templates)

    @staticmethod
    def get_start_workflow_template_func(templates: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Start templates."""
        return _function("StartWorkflow", Templates=templates)

    @staticmethod
    def get_caption_func(
        title: str,
        format: str,
        vid: str,
        fid: str,
        language: str,
        source: str,
        tag: str,
        action_type: str,
        store_uri: str,
        auto_publish: bool = False,
    ) -> dict[str, Any]:
        """Bind what is uploaded to a video as its caption."""
        return _function(
            "CaptionUpload",
            Title=title,
            Format=format,
            Vid=vid,
            Fid=fid,
            Language=language,
            Source=source,
            Tag=tag,
            ActionType=action_type,
            StoreUri=store_uri,
            AutoPublish=auto_publish,
        )

    @staticmethod
    def get_encryption_func(conf: Any, policy: Any) -> dict[str, Any]:
        """Encrypt."""
        return _function("Encryption", Config=conf, PolicyParams=policy)


def _function(name: str, **given: Any) -> dict[str, Any]:
    return {"Name": name, "Input": given}
