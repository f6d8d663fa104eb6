"""Stand-in for `volcengine.vod.models.request`."""
