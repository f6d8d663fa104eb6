"""NetEase NOS direct upload."""
