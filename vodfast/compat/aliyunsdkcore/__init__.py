"""Alibaba Cloud's core SDK by its names, as far as calls of ApsaraVideo VOD need it."""

import logging

__version__ = "2.16.1"
"""The release whose names these are."""

logging.getLogger("aliyunsdkcore").addHandler(logging.NullHandler())
