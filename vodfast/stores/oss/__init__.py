"""Alibaba Cloud Object Storage Service (OSS)."""
