"""The XML dialect of object stores: one reader, one writer.

Decides what is accepted as XML (no DTD, at most 1 MiB and 16 levels, namespaces ignored, whitespace ahead allowed
because stores pad slow answers), how a refusal is read and how the list of parts is written. Leaves the meaning of
the other elements to each store.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element, TreeBuilder

MAX_BYTES: Final = 1024 * 1024
MAX_DEPTH: Final = 16
_DECLARATION = '<?xml version="1.0" encoding="utf-8"?>'
_ESCAPED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"})


class BadXml(ValueError):
    """The bytes are not XML of the accepted dialect; the text says why, without quoting the document."""


class _Tree:
    """Parser target that builds elements without namespaces and stops at `max_depth`."""

    def __init__(self, builder: TreeBuilder, max_depth: int) -> None:
        self._builder = builder
        self._max_depth = max_depth
        self._depth = 0

    def start(self, tag: str, attrs: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > self._max_depth:
            raise BadXml(f"nested deeper than {self._max_depth} levels")
        self._builder.start(_local(tag), attrs)

    def end(self, tag: str) -> None:
        self._depth -= 1
        self._builder.end(_local(tag))

    def data(self, text: str) -> None:
        self._builder.data(text)

    def close(self) -> Any:
        return self._builder.close()


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def parse_xml(body: bytes, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH) -> Element:
    """The root element of a document, with namespaces removed from every tag. The defaults are a store's.

    Raises:
        BadXml: empty, too large, too deep, malformed, or with a document type definition.
    """
    # Loaded with the first document: an object sent by one request often gets none.
    from xml.etree.ElementTree import TreeBuilder

    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import DefusedXMLParser, ParseError

    if len(body) > max_bytes:
        raise BadXml(f"longer than {max_bytes} bytes")
    text = body.lstrip(b" \t\r\n")
    if not text:
        raise BadXml("an empty body where XML was due")
    parser = DefusedXMLParser(target=_Tree(TreeBuilder(), max_depth), forbid_dtd=True)
    try:
        parser.feed(text)
        root: Element = parser.close()
    except BadXml:
        raise
    except DefusedXmlException:
        raise BadXml("XML with a document type definition or entities") from None
    except (ParseError, ValueError, LookupError):
        raise BadXml("malformed or truncated XML") from None
    return root


def child_text(element: Element, name: str) -> str | None:
    """The text of the first child called `name`, stripped; None if there is none, "" if it is empty."""
    found = element.find(name)
    return None if found is None else (found.text or "").strip()


def error_document(body: bytes) -> tuple[str, str, str | None] | None:
    """(code, message, request id) of an `<Error>` document, None if the body is something else or empty."""
    try:
        root = parse_xml(body)
    except BadXml:
        return None
    if root.tag != "Error":
        return None
    return child_text(root, "Code") or "", child_text(root, "Message") or "", child_text(root, "RequestId")


def complete_multipart_body(parts: Iterable[tuple[int, str]]) -> bytes:
    """`CompleteMultipartUpload` for (part number, ETag) pairs, in the order given; ETags are escaped."""
    entries = "".join(
        f"<Part><PartNumber>{number}</PartNumber><ETag>{tag.translate(_ESCAPED)}</ETag></Part>" for number, tag in parts
    )
    return f"{_DECLARATION}<CompleteMultipartUpload>{entries}</CompleteMultipartUpload>".encode()
