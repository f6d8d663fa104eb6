"""The part of protobuf that makes JSON of messages."""
