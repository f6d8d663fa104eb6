"""Stand-in for `volcengine.base`."""
