"""The client and its signatures."""
