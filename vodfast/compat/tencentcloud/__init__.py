"""Substitute for `tencentcloud`, of which scripts that upload need the exception only."""
