"""Stand-in for the package `volcengine`, as far as uploads into VOD go.

Decides which of its modules exist here, under the names scripts import. Leaves the work to the public client.
"""

VERSION = "v1.0.229"
"""The version of the vendor's package whose names and shapes these are."""
