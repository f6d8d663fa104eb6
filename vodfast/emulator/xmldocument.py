"""XML as the emulated object stores write it.

Decides nesting and escaping. Leaves the names of elements and their order to each store.
"""

from __future__ import annotations

from collections.abc import Iterable
from xml.sax.saxutils import escape

XML = ("Content-Type", "application/xml")

Fields = Iterable[tuple[str, object]]


def document(declaration: str, root: str, fields: Fields, *, namespace: str = "") -> bytes:
    """An XML document; a field's value is text, a number, or a nested list of fields."""
    opening = f'{root} xmlns="{namespace}"' if namespace else root
    return f"{declaration}<{opening}>{_fields(fields)}</{root}>".encode()


def _fields(fields: Fields) -> str:
    return "".join(
        f"<{name}>{_fields(value) if isinstance(value, (list, tuple)) else escape(str(value))}</{name}>"
        for name, value in fields
    )
