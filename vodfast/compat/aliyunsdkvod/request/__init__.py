"""The requests, by version of the API."""
