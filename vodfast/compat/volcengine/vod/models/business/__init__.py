"""Stand-in for `volcengine.vod.models.business`: the pieces of requests and responses."""
