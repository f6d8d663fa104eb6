"""Schemes of requests; https is spoken whatever is set."""

HTTP = "http"
HTTPS = "https"
