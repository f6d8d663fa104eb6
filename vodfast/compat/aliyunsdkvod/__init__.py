"""Alibaba Cloud's SDK of ApsaraVideo VOD by its names."""
