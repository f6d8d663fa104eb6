"""Uploads and their records."""
