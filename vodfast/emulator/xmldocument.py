"""XML as the emulated object stores write it.

Decides nesting and escaping. Leaves the names of elements and their order to each store.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from xml.sax.saxutils import escape

XML = ("Content-Type", "application/xml")

Fields = Iterable[tuple[str, object]]

_UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What XML 1.0 has no form for, escaped or not."""


def document(declaration: str, root: str, fields: Fields, *, namespace: str = "") -> bytes:
    """An XML document; a field's value is text, a number, or a nested list of fields. A question mark stands for each
    character that XML cannot hold.
    """
    opening = f'{root} xmlns="{namespace}"' if namespace else root
    return f"{declaration}<{opening}>{_fields(fields)}</{root}>".encode()


def _fields(fields: Fields) -> str:
    return "".join(
        f"<{name}>{_fields(value) if isinstance(value, (list, tuple)) else _text(value)}</{name}>"
        for name, value in fields
    )


def _text(value: object) -> str:
    return escape(_UNWRITABLE.sub("?", str(value)))
