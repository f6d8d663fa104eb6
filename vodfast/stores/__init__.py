"""Object-store dialects: requests out, receipts in, no I/O.

One folder for each store; beside them is what several share. When to send what is the engine's, in `vodfast.transfer`.
"""
