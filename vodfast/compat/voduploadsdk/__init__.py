"""Alibaba's upload SDK for ApsaraVideo VOD by its names."""
