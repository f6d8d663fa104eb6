"""What the stand-in raises, where the vendor's package raises a bare `Exception`.

Decides texts that scripts match on, and the facts that go with them.
"""

from __future__ import annotations

from typing import Final

from vodfast.errors import RetryClass, VodfastError

NO_FILE: Final = "no such file on file path"
_GATEWAY: Final = ("DirectUpload", "InitUpload", "UploadPart", "MergeParts")


class VodError(Exception):
    """A call that failed. The text begins with the service's code if it named one.

    `code`, `message` and `request_id` are the service's, `operation` says at which step it was, and `retryable` whether
    the same call may work later. `__cause__` is vodfast's own error.
    """

    def __init__(
        self,
        text: str,
        *,
        code: str = "",
        message: str = "",
        request_id: str = "",
        operation: str = "",
        retryable: bool = False,
    ) -> None:
        super().__init__(text)
        self.code = code
        self.message = message or text
        self.request_id = request_id
        self.operation = operation
        self.retryable = retryable

    @property
    def log_id(self) -> str:
        """The id to quote to the vendor: that of the request."""
        return self.request_id


def translated(error: VodfastError) -> VodError:
    """The same failure in the words scripts know."""
    operation = error.operation or ""
    said = error.message
    if operation in _GATEWAY or operation.startswith("Vpc"):
        text = f"upload failed: {said}"
    else:
        text = f"{error.code}: {said}" if error.code else said
    return VodError(
        text,
        code=error.code or "",
        message=said,
        request_id=error.request_id or "",
        operation=operation,
        retryable=error.retry in (RetryClass.LATER, RetryClass.SPENT),
    )
