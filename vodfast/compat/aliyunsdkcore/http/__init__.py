"""Words for requests, as scripts pass them to setters."""
