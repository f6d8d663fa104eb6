"""Stand-in for `qcloud_vod`, the upload SDK of Tencent Cloud VOD (vod-python-sdk)."""
