"""Stand-in for `volcengine.vod.models`: requests, responses, and what both are made of."""
