"""Stand-in for `volcengine.const`."""
