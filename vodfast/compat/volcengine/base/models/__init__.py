"""Stand-in for `volcengine.base.models`."""
