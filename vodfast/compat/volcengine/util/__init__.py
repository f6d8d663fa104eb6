"""Stand-in for `volcengine.util`."""
