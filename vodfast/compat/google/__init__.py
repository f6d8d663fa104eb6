"""What scripts on Volcengine's package take from protobuf, for where protobuf is not installed."""
