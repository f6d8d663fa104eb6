"""The line protocol between a test and a vendor SDK in a process of its own.

One JSON object in, one JSON object out, line by line: `{"result": ...}` or `{"error": {...}}`. Decides how an
exception of a vendor becomes data; leaves the calls themselves to the scripts beside it.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any

Job = Callable[..., Any]


def serve(calls: Mapping[str, Job]) -> None:
    """Answer jobs `{"call": name, "with": {...}}` until the input ends.

    Whatever else a vendor prints goes to stderr.
    """
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    with answers:
        for line in sys.stdin:
            job = json.loads(line)
            try:
                answer = {"result": calls[job["call"]](**job["with"])}
            except Exception as error:
                answer = {"error": described(error)}
            print(json.dumps(answer, default=str), file=answers, flush=True)


def described(error: Exception) -> dict[str, Any]:
    """Type and text of an exception, and the facts the vendors' own exception classes offer."""
    facts: dict[str, Any] = {"type": type(error).__name__, "text": str(error)}
    getters = {
        "code": ("get_code", "get_error_code"),
        "message": ("get_message", "get_error_msg"),
        "request_id": ("get_request_id",),
        "status": ("get_status_code", "get_http_status"),
    }
    while hasattr(error, "unwrap"):
        error = error.unwrap()
    for fact, names in getters.items():
        for name in names:
            with contextlib.suppress(AttributeError, KeyError):  # not of this vendor, or an answer without that field
                facts[fact] = getattr(error, name)()
    facts.setdefault("message", getattr(error, "message", None))
    for fact, name in (("code", "code"), ("status", "status"), ("status", "http_status"), ("status", "status_code")):
        if hasattr(error, name):
            facts.setdefault(fact, getattr(error, name))
    return facts
