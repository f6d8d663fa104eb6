"""Alibaba's upload SDK for ApsaraVideo VOD by its names."""

__version__ = "1.3.1"
"""The release whose names these are."""
