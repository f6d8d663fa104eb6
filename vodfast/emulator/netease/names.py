"""Names of the emulated account: its buckets, and the key pair behind upload tokens, which belongs to the service."""

from __future__ import annotations

from vodfast.emulator.accounts import KEY_PREFIX

BUCKET = "vodemulator"
NOS_KEY = f"{KEY_PREFIX}nos"
NOS_SECRET = f"{NOS_KEY}-secret"
OVERSEAS_BUCKET = "vodsea-emulator"
OVERSEAS_REGION = "ap-southeast-1"
OVERSEAS_CALLBACK = "http://vcloud.163.com/xhr/vod/oss/callback"
"""Where the object store reports what it has taken in; the path is made up."""
