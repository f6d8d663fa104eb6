"""Stand-in for `volcengine.vod`: the service and its messages."""
