"""Formats of answers and bodies."""

XML = "XML"
JSON = "JSON"
RAW = "RAW"
APPLICATION_FORM = "application/x-www-form-urlencoded"
APPLICATION_XML = "application/xml"
APPLICATION_JSON = "application/json"
APPLICATION_OCTET_STREAM = "application/octet-stream"
TEXT_XML = "text/xml"

_ACCEPTED = {XML: APPLICATION_XML, JSON: APPLICATION_JSON}
_FORMATS = {APPLICATION_XML: XML, TEXT_XML: XML, APPLICATION_JSON: JSON}


def map_format_to_accept(format: str) -> str:
    """The content type of a format."""
    return _ACCEPTED.get(format, APPLICATION_OCTET_STREAM)


def map_accept_to_format(accept: str) -> str:
    """The format of a content type."""
    return _FORMATS.get(accept.lower(), RAW)
