"""Adaptive packages: a manifest (HLS or DASH) and every file it needs.

Decides which files those are and that each lies in the manifest's directory or below. Leaves sending them to
`package_upload.py`, and what a cloud's own parser says of a manifest to its provider.
"""

from vodfast.packages.listing import Package, collect, package_kind

__all__ = ["Package", "collect", "package_kind"]
