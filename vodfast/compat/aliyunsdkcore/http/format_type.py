"""Formats of answers and bodies."""

XML = "XML"
JSON = "JSON"
RAW = "RAW"
APPLICATION_FORM = "application/x-www-form-urlencoded"
APPLICATION_JSON = "application/json"
