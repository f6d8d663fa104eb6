"""Stand-in for `volcengine.vod.models.response`."""
