"""Alibaba Cloud's core SDK by its names, as far as calls of ApsaraVideo VOD need it."""

__version__ = "2.16.1"
"""The release whose names these are."""
