"""Stand-in for `volcengine.base.models.base`: what every answer has."""
