"""Answers of a VOD service's API: JSON of bounded length, and the errors that unusable ones and refusals become.

Decides how an answer is read and what is said of one that cannot be. Leaves envelopes to each cloud's `calls.py` and
the meaning of its codes to its `faults.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import msgspec

from vodfast.errors import VodfastError
from vodfast.stores.verdict import UNKNOWN, Verdict, by_status, redirect, refusal, unreadable
from vodfast.transfer.message import Response

S = TypeVar("S", bound=msgspec.Struct)

MAX_ANSWER: Final = 8 * 1024 * 1024
"""Bytes; an answer longer than this is not read."""
_UNREADABLE = (msgspec.MsgspecError, ValueError, RecursionError)


@dataclass(frozen=True, slots=True)
class Service:
    """Who answers. `name` is how messages call it; `codes` say what its refusals mean."""

    cloud: str
    name: str
    codes: Mapping[str, Verdict]
    request_id_header: str | None = None

    def open(
        self, operation: str, response: Response, shape: type[S], content: bytes | None = None, *, strict: bool = True
    ) -> S:
        """The envelope of an answer, or what `content` of it holds.

        Raises:
            VodfastError: it is too long, or not of that shape.
        """
        if len(response.body) > MAX_ANSWER:
            raise self.useless(operation, response, f"more than {MAX_ANSWER} bytes")
        try:
            return msgspec.json.decode(response.body if content is None else content, type=shape, strict=strict)
        except _UNREADABLE:
            if response.status != 200:
                raise self.failed(operation, response) from None
            raise self.useless(operation, response, "no JSON envelope of this API") from None

    def verdict_of(self, code: str) -> Verdict:
        """The meaning of a code, or of its family if the exact one is not known."""
        while code not in self.codes and "." in code:
            code = code.rpartition(".")[0]
        return self.codes.get(code, UNKNOWN)

    def refused(
        self, operation: str, response: Response, code: str, message: str, request_id: str | None
    ) -> VodfastError:
        """The error for an answer that says no. A code nobody knows on a failing status is judged by the status."""
        verdict = self.verdict_of(code)
        if verdict is UNKNOWN and response.status != 200:
            verdict = by_status(response.status)
        return refusal(
            verdict,
            response,
            cloud=self.cloud,
            operation=operation,
            service=self.name,
            code=code,
            message=message,
            request_id=request_id,
        )

    def failed(self, operation: str, response: Response) -> VodfastError:
        """The error for a status other than 200 without an error body."""
        named = None if self.request_id_header is None else response.header(self.request_id_header)
        if 300 <= response.status < 400:
            return redirect(response, cloud=self.cloud, operation=operation, service=self.name, request_id=named)
        verdict = by_status(response.status)
        return refusal(verdict, response, cloud=self.cloud, operation=operation, service=self.name, request_id=named)

    def useless(self, operation: str, response: Response, problem: str, request_id: str | None = None) -> VodfastError:
        """The error for a 200 that cannot be read or lacks what the next step needs."""
        return unreadable(
            problem, response, cloud=self.cloud, operation=operation, service=self.name, request_id=request_id
        )


@dataclass(frozen=True, slots=True)
class Reply:
    """The inside of a successful answer, not yet read. `strict` wants numbers to be numbers, not text."""

    service: Service
    operation: str
    response: Response
    content: bytes
    request_id: str | None
    strict: bool = True

    def read(self, shape: type[S]) -> S:
        """The answer as `shape`.

        Raises:
            VodfastError: a field is missing or of the wrong type; the message names it.
        """
        try:
            return msgspec.json.decode(self.content, type=shape, strict=self.strict)
        except _UNREADABLE as error:
            detail = str(error) if isinstance(error, msgspec.ValidationError) else "broken JSON"
            raise self.useless(detail) from None

    def fields(self) -> dict[str, Any]:
        """The answer as plain data."""
        found = self.plain()
        if not isinstance(found, dict):
            raise self.useless("broken JSON")
        return found

    def plain(self) -> Any:
        """The same of an answer that need not be an object."""
        try:
            return msgspec.json.decode(self.content)
        except _UNREADABLE:
            raise self.useless("broken JSON") from None

    def whole(self) -> dict[str, Any]:
        """The answer as plain data, its envelope included."""
        try:
            return msgspec.json.decode(self.response.body, type=dict[str, Any])
        except _UNREADABLE:
            raise self.useless("broken JSON") from None

    def useless(self, problem: str) -> VodfastError:
        """The error for this answer, which says what is wrong with it; to be raised by the caller."""
        return self.service.useless(self.operation, self.response, problem, self.request_id)
