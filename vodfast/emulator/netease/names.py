"""Names of the emulated account: its bucket, and the key pair behind upload tokens, which belongs to the service."""

from __future__ import annotations

from vodfast.emulator.accounts import KEY_PREFIX

BUCKET = "vodemulator"
NOS_KEY = f"{KEY_PREFIX}nos"
NOS_SECRET = f"{NOS_KEY}-secret"
