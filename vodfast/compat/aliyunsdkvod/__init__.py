"""Alibaba Cloud's SDK of ApsaraVideo VOD by its names."""

__version__ = "2.16.32"
"""The release whose names these are."""
