"""Tencent Cloud Object Storage (COS)."""
