"""Object-store dialects: requests out, receipts in, no I/O."""
